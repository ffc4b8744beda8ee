#include "dispatcher/http/socket_bio.h"

#include <sys/socket.h>

#include <cerrno>

namespace reveille::http {
namespace {

SocketEnd& end_of(BIO* bio) { return *static_cast<SocketEnd*>(BIO_get_data(bio)); }

void note_error(SocketEnd& end, BIO* bio, int retry_flag) {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
    BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
  } else {
    end.error = errno;
  }
}

int write_socket(BIO* bio, const char* bytes, int count) {
  SocketEnd& end = end_of(bio);
  BIO_clear_retry_flags(bio);
  const ssize_t written =
      ::send(end.descriptor, bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL);
  if (written < 0) note_error(end, bio, BIO_FLAGS_WRITE);
  return static_cast<int>(written);
}

int read_socket(BIO* bio, char* bytes, int count) {
  SocketEnd& end = end_of(bio);
  BIO_clear_retry_flags(bio);
  if (end.drained) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const ssize_t read = ::recv(end.descriptor, bytes, static_cast<std::size_t>(count), 0);
  if (read < 0) note_error(end, bio, BIO_FLAGS_READ);
  if (read == 0) end.ended = true;
  end.drained = read > 0 && read < count;
  return static_cast<int>(read);
}

long control_socket(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0;
}

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "reveille socket");
  if (method == nullptr) return nullptr;
  BIO_meth_set_write(method, write_socket);
  BIO_meth_set_read(method, read_socket);
  BIO_meth_set_ctrl(method, control_socket);
  return method;
}

}  // namespace

BIO* make_socket_bio(SocketEnd& end) {
  static BIO_METHOD* const method = make_method();  // of the process; OpenSSL keeps no count of it
  BIO* bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, &end);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace reveille::http
