#include "tools/reveillectl/certificate_files.h"

#include <string_view>

#include "tools/reveillectl/printing.h"

namespace reveille {

namespace {

constexpr char sequence = 0x30;

// What is inside a DER SEQUENCE; empty when `bytes` is none.
std::string_view inside_sequence(std::string_view bytes) {
  if (bytes.size() < 2 || bytes.front() != sequence) return {};
  const auto length = static_cast<unsigned char>(bytes[1]);
  const std::size_t length_bytes = length < 0x80 ? 0 : length - 0x80U;  // behind the first one
  return bytes.size() < 2 + length_bytes ? std::string_view() : bytes.substr(2 + length_bytes);
}

// What `file` is instead of PEM, and the openssl command that converts it; empty: nothing to say.
std::string how_to_convert(const std::filesystem::path& file, std::string_view bytes) {
  using std::literals::operator""sv;
  const std::string quoted = "'" + file.string() + "'";
  if (bytes.find("-----BEGIN ") != bytes.npos) {
    const bool is_encrypted = bytes.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != bytes.npos ||
                              bytes.find("Proc-Type: 4,ENCRYPTED") != bytes.npos;
    if (!is_encrypted) return "";
    return "holds an encrypted key; make a plain one with: openssl pkey -in " + quoted +
           " -out push.key";
  }
  const std::string_view inside = inside_sequence(bytes);
  if (inside.starts_with("\x02\x01\x03"sv)) {  // PKCS #12's version
    return "is PKCS #12; convert it with: openssl pkcs12 -clcerts -nodes -in " + quoted +
           " -out push.pem (and -legacy when that fails)";
  }
  if (inside.starts_with("\x02\x01"sv)) {  // a private key's version
    return "is DER; convert it with: openssl pkey -inform DER -in " + quoted + " -out push.key";
  }
  if (inside.starts_with(sequence)) {
    return "is DER; convert it with: openssl x509 -inform DER -in " + quoted + " -out push.pem";
  }
  return "";
}

}  // namespace

Result<std::string> read_pem_files(const std::vector<std::filesystem::path>& files) {
  std::string pem;
  for (const std::filesystem::path& file : files) {
    Result<Bytes> text = read_file(file);
    if (!text) return std::unexpected(std::move(text.error()));
    const std::string conversion = how_to_convert(file, *text);
    if (!conversion.empty()) {
      return failure(ErrorCode::malformed, file.string() + " " + conversion);
    }
    pem += *text + "\n";
  }
  return pem;
}

}  // namespace reveille
