#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "dispatcher/enrolment/certificate_authority.h"

namespace reveille::enrolment {
namespace {

constexpr int authority_rsa_bits = 3072;
constexpr auto authority_lifetime = std::chrono::days(20 * 365);
constexpr auto clock_skew = std::chrono::days(1);

std::unexpected<Error> file_failure(const std::filesystem::path& file, const std::string& what) {
  return failure(ErrorCode::unavailable, file.string() + ": " + what);
}

std::unexpected<Error> system_failure(const std::filesystem::path& file) {
  return file_failure(file, std::generic_category().message(errno));
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor() {
    if (number_ >= 0) ::close(number_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

bool write_all(int file, BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.is_open() || ::fsync(opened.number()) != 0) return system_failure(folder);
  return {};
}

// A crash leaves the old file or the new one, never a part.
Result<void> write_durably(const std::filesystem::path& file, BytesView bytes) {
  const std::filesystem::path fresh = file.string() + ".new";
  {
    const FileDescriptor opened(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!opened.is_open()) return system_failure(fresh);
    // A file that a crash left behind keeps its mode.
    if (::fchmod(opened.number(), 0600) != 0 || !write_all(opened.number(), bytes) ||
        ::fsync(opened.number()) != 0) {
      return system_failure(fresh);
    }
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0) return system_failure(file);
  return sync_folder(file.parent_path());
}

Result<Bytes> read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return file_failure(file, "cannot be read");
  Bytes bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (stream.bad()) return file_failure(file, "cannot be read");
  return bytes;
}

// What cannot be told is an error: a file that is only out of reach must not be replaced.
Result<bool> is_there(const std::filesystem::path& file) {
  std::error_code unknown;
  const bool exists = std::filesystem::exists(file, unknown);
  if (unknown) return file_failure(file, unknown.message());
  return exists;
}

Result<pki::PrivateKey> read_key(const std::filesystem::path& file) {
  const Result<Bytes> pem = read_file(file);
  if (!pem) return std::unexpected(pem.error());
  Result<pki::PrivateKey> key = pki::PrivateKey::from_pem(*pem);
  if (!key) return file_failure(file, key.error().detail);
  return key;
}

Result<pki::Certificate> read_certificate(const std::filesystem::path& file) {
  const Result<Bytes> pem = read_file(file);
  if (!pem) return std::unexpected(pem.error());
  Result<pki::Certificate> certificate = pki::Certificate::from_pem(*pem);
  if (!certificate) return file_failure(file, certificate.error().detail);
  return certificate;
}

Result<pki::PrivateKey> create_key(const std::filesystem::path& file) {
  Result<pki::PrivateKey> key = pki::PrivateKey::generate_rsa(authority_rsa_bits);
  if (!key) return key;
  const Result<void> written = write_durably(file, key->to_pem());
  if (!written) return std::unexpected(written.error());
  return key;
}

Result<pki::Certificate> create_certificate(const std::filesystem::path& file,
                                            const pki::PrivateKey& key, const Clock& clock,
                                            RandomSource& random) {
  const pki::Time now = std::chrono::floor<std::chrono::seconds>(clock.wall_now());
  pki::CertificateTemplate contents;
  contents.common_name = "reveille device authority";
  contents.serial = random.bytes(16);
  contents.not_before = now - clock_skew;
  contents.not_after = now + authority_lifetime;
  contents.purpose = pki::CertificateTemplate::Purpose::authority;
  Result<pki::Certificate> certificate = pki::issue_self_signed(contents, key);
  if (!certificate) return certificate;
  const Result<void> written = write_durably(file, certificate->pem());
  if (!written) return std::unexpected(written.error());
  return certificate;
}

}  // namespace

Result<CertificateAuthority> load_or_create_authority(const std::filesystem::path& folder,
                                                      const Clock& clock, RandomSource& random) {
  const std::filesystem::path certificate_file = folder / "ca.pem";
  const std::filesystem::path key_file = folder / "ca.key";
  const Result<bool> has_certificate = is_there(certificate_file);
  if (!has_certificate) return std::unexpected(has_certificate.error());
  const Result<bool> has_key = is_there(key_file);
  if (!has_key) return std::unexpected(has_key.error());
  if (*has_certificate && !*has_key) {
    return file_failure(key_file, "is missing, but ca.pem is there: restore the key from a backup");
  }
  // The key is written first: a crash between the two leaves a key without a certificate, which
  // nobody has seen yet.
  Result<pki::PrivateKey> key = *has_key ? read_key(key_file) : create_key(key_file);
  if (!key) return std::unexpected(key.error());
  Result<pki::Certificate> certificate =
      *has_certificate ? read_certificate(certificate_file)
                       : create_certificate(certificate_file, *key, clock, random);
  if (!certificate) return std::unexpected(certificate.error());

  Result<CertificateAuthority> authority =
      CertificateAuthority::make(*std::move(certificate), *std::move(key));
  if (!authority) return file_failure(certificate_file, authority.error().detail);
  return authority;
}

}  // namespace reveille::enrolment
