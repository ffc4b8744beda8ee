#include "protocol/pki/push_certificate.h"

#include <optional>

#include "protocol/pki/openssl.h"

namespace reveille::pki {

namespace {

// "-----END X----------BEGIN Y-----": two files put together whose first had no last line break.
std::string with_line_breaks_between_blocks(std::string_view pem) {
  constexpr std::string_view joint = "----------BEGIN ";
  std::string repaired;
  size_t done = 0;
  for (size_t at = pem.find(joint); at != std::string_view::npos; at = pem.find(joint, done)) {
    repaired.append(pem.substr(done, at + 5 - done)).push_back('\n');
    done = at + 5;
  }
  return repaired.append(pem.substr(done));
}

struct Block {
  std::string_view label;
  std::string_view text;  // from "-----BEGIN " to the end of its last line
};

std::unexpected<Error> malformed(const char* what) {
  return failure(ErrorCode::malformed, std::string("push certificate: ") + what);
}

// The next block of `rest`, which moves past it; nullopt at the end.
Result<std::optional<Block>> next_block(std::string_view& rest) {
  constexpr std::string_view begin_mark = "-----BEGIN ";
  constexpr std::string_view dashes = "-----";
  const size_t begin = rest.find(begin_mark);
  if (begin == std::string_view::npos) return std::nullopt;
  rest.remove_prefix(begin);
  const size_t label_end = rest.find(dashes, begin_mark.size());
  if (label_end == std::string_view::npos) return malformed("a PEM block is cut short");
  const auto label = rest.substr(begin_mark.size(), label_end - begin_mark.size());
  const std::string end_mark = "-----END " + std::string(label) + "-----";
  const size_t end = rest.find(end_mark);
  if (end == std::string_view::npos) return malformed("a PEM block is cut short");
  const Block block{.label = label, .text = rest.substr(0, end + end_mark.size())};
  rest.remove_prefix(block.text.size());
  return std::optional<Block>(block);
}

bool is_private_key(std::string_view label) {
  return label == "PRIVATE KEY" || label.ends_with(" PRIVATE KEY");
}

// Not even under an empty pass phrase, which PrivateKey would read: what is stored is said to be
// unencrypted, so it should look so.
bool is_encrypted(const Block& block) {
  return block.label == "ENCRYPTED PRIVATE KEY" ||
         block.text.find("Proc-Type:") != std::string_view::npos;
}

}  // namespace

Result<PushCertificate> parse_push_certificate(std::string_view pem) {
  const std::string repaired = with_line_breaks_between_blocks(pem);
  std::optional<Certificate> certificate;
  std::optional<PrivateKey> key;
  std::string_view rest = repaired;
  while (true) {
    const auto next = next_block(rest);
    if (!next) return std::unexpected(next.error());
    if (!next->has_value()) break;
    const Block& block = **next;
    if (block.label == "CERTIFICATE") {
      auto read = Certificate::from_pem(block.text);
      if (!read) return malformed("the certificate does not parse");
      certificate = std::move(*read);
    } else if (is_private_key(block.label)) {
      if (is_encrypted(block)) return malformed("the private key is encrypted");
      auto read = PrivateKey::from_pem(block.text);
      if (!read) return malformed("the private key does not parse");
      key = std::move(*read);
    } else {
      return malformed("a PEM block that is neither a certificate nor a private key");
    }
  }
  if (!certificate) return malformed("no certificate");
  if (!key) return malformed("no private key");
  if (!certificate->belongs_to(*key)) return malformed("the key does not belong to it");
  auto topic = certificate->user_id();
  if (!topic || !topic->starts_with("com.apple.mgmt")) {
    return malformed("its subject's UID is not a topic that begins com.apple.mgmt");
  }
  return PushCertificate{
      .certificate = std::move(*certificate), .key = std::move(*key), .topic = std::move(*topic)};
}

}  // namespace reveille::pki
