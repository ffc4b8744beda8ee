#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/base/base64.h"
#include "protocol/plist/fields.h"
#include "protocol/plist/parse.h"
#include "protocol/profile/enrolment_profile.h"

namespace reveille::profile {
namespace {

using plist::Array;
using plist::Dictionary;
using plist::Fields;

// The first payloads of the types that matter; the others are not read.
struct Payloads {
  const Dictionary* scep = nullptr;
  const Dictionary* mdm = nullptr;
  std::vector<const Dictionary*> roots;
};

bool has_type(const Dictionary& payload, std::string_view type) {
  const plist::Value* value = payload.find("PayloadType");
  const auto* text = value == nullptr ? nullptr : value->get_if<std::string>();
  return text != nullptr && *text == type;
}

Payloads find_payloads(const Array& content) {
  Payloads found;
  for (const plist::Value& value : content) {
    const auto* payload = value.get_if<Dictionary>();
    if (payload == nullptr) continue;
    if (found.scep == nullptr && has_type(*payload, "com.apple.security.scep")) {
      found.scep = payload;
    } else if (found.mdm == nullptr && has_type(*payload, "com.apple.mdm")) {
      found.mdm = payload;
    } else if (has_type(*payload, "com.apple.security.root")) {
      found.roots.push_back(payload);
    }
  }
  return found;
}

// Some servers put PEM where the schema asks for DER, and devices take it.
std::optional<Bytes> der_of(BytesView certificate) {
  constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
  constexpr std::string_view end = "-----END CERTIFICATE-----";
  if (!certificate.starts_with(begin)) return Bytes(certificate);
  certificate.remove_prefix(begin.size());
  const std::size_t length = certificate.find(end);
  if (length == BytesView::npos) return std::nullopt;
  return from_base64(certificate.substr(0, length));
}

Result<Bytes> parse_root(const Dictionary& payload) {
  Fields fields(payload);
  std::optional<Bytes> certificate = der_of(fields.required_data("PayloadContent"));
  if (!certificate) fields.fail("a root certificate is not base64");
  return fields.finish(std::move(certificate).value_or(Bytes()));
}

// The value of the first pair of that type; empty when there is none.
std::string name_in_subject(const Array& subject, std::string_view name, std::string_view oid) {
  for (const plist::Value& relative_name : subject) {
    const auto* pairs = relative_name.get_if<Array>();
    if (pairs == nullptr) continue;
    for (const plist::Value& item : *pairs) {
      const auto* pair = item.get_if<Array>();
      if (pair == nullptr || pair->size() != 2) continue;
      const auto* type = (*pair)[0].get_if<std::string>();
      const auto* value = (*pair)[1].get_if<std::string>();
      if (type != nullptr && value != nullptr && (*type == name || *type == oid)) return *value;
    }
  }
  return {};
}

// Key sizes and bit masks: small and not negative.
int small_number(Fields& fields, std::string_view key, int absent) {
  const std::int64_t number = fields.optional_integer(key).value_or(absent);
  if (number >= 0 && number <= 0xffff) return static_cast<int>(number);
  fields.fail(std::string(key) + " is out of range");
  return absent;
}

Result<ScepPayload> parse_scep(const Dictionary& content) {
  constexpr int apple_default_key_bits = 1024;
  Fields fields(content);
  ScepPayload scep{
      .url = fields.required_string("URL"),
      .name = fields.optional_string("Name").value_or(""),
      .challenge = fields.optional_string("Challenge").value_or(""),
      .common_name = {},
      .organisation = {},
      .key_bits = small_number(fields, "Keysize", apple_default_key_bits),
      .key_usage = small_number(fields, "Key Usage", 0),
  };
  if (const Array* subject = fields.optional_array("Subject")) {
    scep.common_name = name_in_subject(*subject, "CN", "2.5.4.3");
    scep.organisation = name_in_subject(*subject, "O", "2.5.4.10");
  }
  return fields.finish(std::move(scep));
}

Result<MdmPayload> parse_mdm(const Dictionary& payload) {
  Fields fields(payload);
  MdmPayload mdm{
      .topic = fields.required_string("Topic"),
      .server_url = fields.required_string("ServerURL"),
      .check_in_url = fields.optional_string("CheckInURL").value_or(""),
      .access_rights = small_number(fields, "AccessRights", 0),
      .sign_message = fields.optional_bool("SignMessage").value_or(false),
      .check_out_when_removed = fields.optional_bool("CheckOutWhenRemoved").value_or(false),
      .server_capabilities = {},
  };
  if (const Array* capabilities = fields.optional_array("ServerCapabilities")) {
    for (const plist::Value& capability : *capabilities) {
      const auto* name = capability.get_if<std::string>();
      if (name != nullptr) mdm.server_capabilities.push_back(*name);
    }
  }
  return fields.finish(std::move(mdm));
}

// The profile's parts that lie in payloads.
Result<EnrolmentProfile> parse_payloads(const Payloads& payloads, EnrolmentProfile profile) {
  if (payloads.scep == nullptr) return failure(ErrorCode::malformed, "no SCEP payload");
  if (payloads.mdm == nullptr) return failure(ErrorCode::malformed, "no MDM payload");

  Fields scep(*payloads.scep);
  Fields mdm(*payloads.mdm);
  const std::string identity = mdm.required_string("IdentityCertificateUUID");
  if (identity != scep.required_string("PayloadUUID")) {
    mdm.fail("IdentityCertificateUUID does not name the SCEP payload");
  }
  const Dictionary* content = scep.optional_dictionary("PayloadContent");
  if (content == nullptr) mdm.fail("PayloadContent of the SCEP payload is missing");
  if (mdm.failed()) return mdm.finish(std::move(profile));

  Result<ScepPayload> scep_payload = parse_scep(*content);
  if (!scep_payload) return std::unexpected(std::move(scep_payload.error()));
  profile.scep = std::move(*scep_payload);
  Result<MdmPayload> mdm_payload = parse_mdm(*payloads.mdm);
  if (!mdm_payload) return std::unexpected(std::move(mdm_payload.error()));
  profile.mdm = std::move(*mdm_payload);
  for (const Dictionary* root : payloads.roots) {
    Result<Bytes> certificate = parse_root(*root);
    if (!certificate) return std::unexpected(std::move(certificate.error()));
    profile.root_certificates.push_back(std::move(*certificate));
  }
  return profile;
}

}  // namespace

Result<EnrolmentProfile> parse_enrolment_profile(BytesView xml) {
  const Result<Dictionary> top = plist::parse_dictionary(xml);
  if (!top) return std::unexpected(top.error());
  Fields fields(*top);
  EnrolmentProfile profile{
      .identifier = fields.required_string("PayloadIdentifier"),
      .uuid = fields.required_string("PayloadUUID"),
      .display_name = fields.optional_string("PayloadDisplayName").value_or(""),
      .organisation = fields.optional_string("PayloadOrganization").value_or(""),
      .root_certificates = {},
      .scep = {},
      .mdm = {},
  };
  const Array* content = fields.optional_array("PayloadContent");
  if (content == nullptr) fields.fail("PayloadContent is missing");
  if (fields.failed()) return fields.finish(std::move(profile));
  return parse_payloads(find_payloads(*content), std::move(profile));
}

}  // namespace reveille::profile
