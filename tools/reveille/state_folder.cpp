#include "tools/reveille/state_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace reveille {

namespace {

constexpr std::size_t secret_key_bytes = 32;

std::unexpected<Error> file_failure(const std::filesystem::path& file, std::string_view what,
                                    int error) {
  return failure(ErrorCode::unavailable,
                 fmt::format("{} cannot be {}: {}", file.string(), what, std::strerror(error)));
}

bool write_all(int descriptor, BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// A new name is durable once its folder is.
void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

Result<void> write_private_file(const std::filesystem::path& file, BytesView bytes) {
  const std::filesystem::path temporary = file.string() + ".new";
  ::unlink(temporary.c_str());
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return file_failure(file, "written", errno);
  const bool written = write_all(descriptor, bytes) && ::fsync(descriptor) == 0;
  const int error = errno;
  ::close(descriptor);
  if (!written || ::rename(temporary.c_str(), file.c_str()) != 0) {
    ::unlink(temporary.c_str());
    return file_failure(file, "written", written ? errno : error);
  }
  sync_folder(file.parent_path());
  return {};
}

Result<Bytes> read_whole_file(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) return file_failure(file, "read", EISDIR);
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return file_failure(file, "read", errno);
  Bytes bytes{std::istreambuf_iterator<char>(stream), {}};
  if (stream.bad()) return file_failure(file, "read", EIO);
  return bytes;
}

Result<StateFolder> StateFolder::open(const std::filesystem::path& folder) {
  std::error_code error;
  const bool created = std::filesystem::create_directories(folder, error);
  if (error) {
    return failure(ErrorCode::unavailable,
                   fmt::format("the state folder {} cannot be created: {}; create it for this "
                               "user, or name another as state.folder",
                               folder.string(), error.message()));
  }
  if (created) ::chmod(folder.c_str(), 0700);
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    return failure(ErrorCode::unavailable,
                   fmt::format("the state folder {} cannot be written by this user: {}; give it to "
                               "this user, or name another as state.folder",
                               folder.string(), std::strerror(errno)));
  }
  return StateFolder(folder);
}

Result<Bytes> StateFolder::secret_key(RandomSource& random) const {
  const std::filesystem::path file = folder_ / "secret.key";
  if (!std::filesystem::exists(file)) {
    if (std::filesystem::exists(database())) {
      return failure(ErrorCode::unavailable,
                     fmt::format("{} is missing, and the database beside it cannot be read without "
                                 "it: restore it from a backup",
                                 file.string()));
    }
    Bytes key = random.bytes(secret_key_bytes);
    Result<void> written = write_private_file(file, to_hex(key) + "\n");
    if (!written) return std::unexpected(std::move(written.error()));
    return key;
  }
  Result<Bytes> text = read_whole_file(file);
  if (!text) return text;
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  std::optional<Bytes> key = from_hex(*text);
  if (!key || key->size() != secret_key_bytes) {
    return failure(ErrorCode::unavailable,
                   fmt::format("{} is not a key of 64 hexadecimal digits: restore it from a backup",
                               file.string()));
  }
  return *std::move(key);
}

Result<void> StateFolder::write_addresses(const Addresses& addresses) const {
  // The path may hold what JSON escapes.
  std::string socket;
  for (const char character : addresses.admin_socket.string()) {
    if (character == '"' || character == '\\') socket += '\\';
    socket += character;
  }
  const std::string json = fmt::format(
      "{{\"pid\": {}, \"device_port\": {}, \"operators_port\": {}, \"proxied_port\": {}, "
      "\"admin_socket\": \"{}\"}}\n",
      ::getpid(), addresses.device_port, addresses.operators_port, addresses.proxied_port, socket);
  return write_private_file(folder_ / "reveilled.json", json);
}

void StateFolder::remove_addresses() const {
  std::error_code ignored;
  std::filesystem::remove(folder_ / "reveilled.json", ignored);
}

}  // namespace reveille
