#include "protocol/mdm/check_in_answer.h"

#include "protocol/plist/write.h"

namespace reveille::mdm {
namespace {

void set_data(plist::Dictionary& dictionary, const char* key, const std::optional<Bytes>& bytes) {
  if (bytes) dictionary.set(key, plist::Data{*bytes});
}

}  // namespace

Bytes write_digest_challenge(const std::string& challenge) {
  return plist::write_xml(plist::Dictionary{{"DigestChallenge", challenge}});
}

Bytes write_auth_token(const std::string& token) {
  return plist::write_xml(plist::Dictionary{{"AuthToken", token}});
}

Bytes write_bootstrap_token(BytesView token) {
  return plist::write_xml(plist::Dictionary{{"BootstrapToken", plist::Data{Bytes(token)}}});
}

Bytes write_token_data(BytesView token) {
  return plist::write_xml(plist::Dictionary{{"TokenData", plist::Data{Bytes(token)}}});
}

Bytes write_return_to_service(const ReturnToServiceAnswer& answer) {
  plist::Dictionary contents{{"Enabled", answer.enabled}};
  set_data(contents, "WiFiProfileData", answer.wifi_profile);
  set_data(contents, "MDMProfileData", answer.mdm_profile);
  set_data(contents, "BootstrapToken", answer.bootstrap_token);
  return plist::write_xml(plist::Dictionary{{"ReturnToService", contents}});
}

}  // namespace reveille::mdm
