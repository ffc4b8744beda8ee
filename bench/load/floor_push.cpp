// The yardstick for the APNs client: the least that a program on libnghttp2 and OpenSSL has to do
// to push. One connection, one thread, blocking sockets, no queue, no deadline, no repetition;
// pushes are made up as streams become free, their frames are gathered into whole TLS records.
//
// With --bare it leaves out apns-id, which APNs makes up by itself then and reveille always sends.
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t record_bytes = 16 * 1024;
constexpr std::string_view body = R"({"mdm":"01234567-89AB-CDEF-0123-456789ABCDEF"})";

struct Options {
  std::string host = "127.0.0.1";
  std::string port = "2197";
  std::string topic = "com.apple.mgmt.External.00000000-1111-2222-3333-444455556666";
  std::uint64_t pushes = 100'000;
  std::size_t streams = 1'000;
  std::string authority_file;
  std::string certificate_file;
  std::string key_file;
  bool bare = false;
};

// One open stream: what nghttp2 points to until it closes.
struct Slot {
  char path[75] = "/3/device/";
  char id[37] = "01234567-89ab-4def-8123-000000000000";
  bool accepted = false;
};

struct Run {
  const Options& options;
  nghttp2_session* session = nullptr;
  std::vector<Slot> slots;
  std::vector<Slot*> free = {};
  std::uint64_t submitted = 0;
  std::uint64_t ok = 0;
  std::uint64_t closed = 0;
};

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "floor-push: %s\n", what);
  std::exit(1);
}

void write_hexadecimal(char* end, int digits, std::uint64_t value) {
  for (int i = 0; i < digits; ++i, value >>= 4) *--end = "0123456789abcdef"[value & 15];
}

nghttp2_nv constant(std::string_view name, std::string_view value, int flags = 0) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
          value.size(),
          static_cast<std::uint8_t>(NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE |
                                    flags)};
}

ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* buffer, std::size_t count,
                  std::uint32_t* flags, nghttp2_data_source* source, void*) {
  const std::size_t sent = static_cast<std::size_t>(source->fd);
  const std::size_t taken = std::min(count, body.size() - sent);
  std::memcpy(buffer, body.data() + sent, taken);
  source->fd = static_cast<int>(sent + taken);
  if (sent + taken == body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(taken);
}

void submit(Run& run) {
  Slot& slot = *run.free.back();
  run.free.pop_back();
  slot.accepted = false;
  // A token that differs from its neighbours in every digit, as real ones do.
  std::uint64_t state = run.submitted * 0x9e3779b97f4a7c15;
  for (int word = 0; word < 4; ++word) {
    state = (state ^ (state >> 29)) * 0xbf58476d1ce4e5b9;
    write_hexadecimal(slot.path + 10 + 16 * (word + 1), 16, state);
  }
  write_hexadecimal(slot.id + 36, 12, run.submitted);
  const int id_indexing = run.submitted == 0 ? 0 : NGHTTP2_NV_FLAG_NO_INDEX;
  const nghttp2_nv headers[] = {
      constant(":method", "POST"),
      constant(":scheme", "https"),
      constant(":authority", run.options.host),
      constant(":path", {slot.path, 74}, NGHTTP2_NV_FLAG_NO_INDEX),
      constant("apns-topic", run.options.topic),
      constant("apns-push-type", "mdm"),
      constant("apns-expiration", "1900000000"),
      constant("apns-id", {slot.id, 36}, id_indexing),
  };
  const std::size_t count = run.options.bare ? 7 : 8;
  nghttp2_data_provider provider{};
  provider.read_callback = read_body;
  if (nghttp2_submit_request(run.session, nullptr, headers, count, &provider, &slot) < 0) {
    die("no more streams");
  }
  ++run.submitted;
}

void fill(Run& run) {
  const std::size_t allowed = std::min<std::size_t>(
      run.options.streams,
      nghttp2_session_get_remote_settings(run.session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
  while (run.submitted < run.options.pushes && run.submitted - run.closed < allowed) submit(run);
}

int on_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t*,
              std::size_t name_bytes, const std::uint8_t* value, std::size_t value_bytes,
              std::uint8_t, void*) {
  if (name_bytes != 7 || value_bytes != 3) return 0;  // ":status"
  auto* slot =
      static_cast<Slot*>(nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
  if (slot != nullptr) slot->accepted = std::memcmp(value, "200", 3) == 0;
  return 0;
}

int on_close(nghttp2_session* session, std::int32_t stream, std::uint32_t, void* user) {
  Run& run = *static_cast<Run*>(user);
  auto* slot = static_cast<Slot*>(nghttp2_session_get_stream_user_data(session, stream));
  if (slot == nullptr) return 0;
  if (slot->accepted) ++run.ok;
  ++run.closed;
  run.free.push_back(slot);
  return 0;
}

SSL* connect(const Options& options) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(options.host.c_str(), options.port.c_str(), &hints, &found) != 0)
    die("no address");
  int descriptor = -1;
  for (const addrinfo* one = found; one != nullptr && descriptor < 0; one = one->ai_next) {
    descriptor = socket(one->ai_family, one->ai_socktype, 0);
    if (::connect(descriptor, one->ai_addr, one->ai_addrlen) == 0) break;
    close(descriptor);
    descriptor = -1;
  }
  freeaddrinfo(found);
  if (descriptor < 0) die("cannot connect");
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (SSL_CTX_load_verify_locations(context, options.authority_file.c_str(), nullptr) != 1) {
    die("--ca cannot be read");
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_read_ahead(context, 1);
  if (SSL_CTX_use_certificate_file(context, options.certificate_file.c_str(), SSL_FILETYPE_PEM) !=
          1 ||
      SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    die("--cert or --key cannot be read");
  }
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>("\x02h2"), 3);
  SSL* tls = SSL_new(context);
  SSL_set_tlsext_host_name(tls, options.host.c_str());
  SSL_set_fd(tls, descriptor);
  if (SSL_connect(tls) != 1) die("TLS handshake failed");
  return tls;
}

void write_all(Run& run, SSL* tls, std::vector<std::uint8_t>& output) {
  const auto flush = [&](std::size_t count) {
    if (count != 0 && SSL_write(tls, output.data(), static_cast<int>(count)) <= 0)
      die("write failed");
    output.erase(output.begin(), output.begin() + static_cast<std::ptrdiff_t>(count));
  };
  const std::uint8_t* bytes = nullptr;
  for (;;) {
    const ssize_t count = nghttp2_session_mem_send(run.session, &bytes);
    if (count < 0) die("session failed");
    if (count == 0) break;
    output.insert(output.end(), bytes, bytes + count);
    if (output.size() >= record_bytes) flush(record_bytes);
  }
  flush(output.size());
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void push_all(Run& run, SSL* tls) {
  std::vector<std::uint8_t> output;
  std::vector<std::uint8_t> input(record_bytes);
  while (run.closed < run.options.pushes) {
    fill(run);
    write_all(run, tls, output);
    // All that is there already, so that the answers to one write are answered by one write.
    do {
      const int count = SSL_read(tls, input.data(), static_cast<int>(input.size()));
      if (count <= 0) die("read failed");
      if (nghttp2_session_mem_recv(run.session, input.data(), static_cast<std::size_t>(count)) <
          0) {
        die("the peer broke the protocol");
      }
    } while (SSL_has_pending(tls) != 0);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App arguments("The least that pushing through libnghttp2 costs");
  arguments.add_option("--host", options.host);
  arguments.add_option("--port", options.port);
  arguments.add_option("--topic", options.topic);
  arguments.add_option("--pushes", options.pushes);
  arguments.add_option("--streams", options.streams);
  arguments.add_option("--ca", options.authority_file)->required();
  arguments.add_option("--cert", options.certificate_file)->required();
  arguments.add_option("--key", options.key_file)->required();
  arguments.add_flag("--bare", options.bare, "without apns-id");
  CLI11_PARSE(arguments, argc, argv);

  SSL* tls = connect(options);
  Run run{.options = options, .slots = std::vector<Slot>(options.streams)};
  for (Slot& slot : run.slots) run.free.push_back(&slot);
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  nghttp2_session_client_new(&run.session, callbacks, &run);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
  nghttp2_submit_settings(run.session, NGHTTP2_FLAG_NONE, settings, 1);

  const double cpu_before = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  push_all(run, tls);
  const double pushing_cpu = cpu_seconds() - cpu_before;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(R"({"elapsed_s":%.6f,"ok":%llu,"user_s":%.6f,"sys_s":%.6f,"pushing_cpu_s":%.6f})"
              "\n",
              elapsed.count(), static_cast<unsigned long long>(run.ok), seconds(usage.ru_utime),
              seconds(usage.ru_stime), pushing_cpu);
  return run.ok == options.pushes ? 0 : 1;
}
