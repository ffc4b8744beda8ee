#include "protocol/profile/enrolment_profile.h"

#include <string_view>
#include <utility>

#include "protocol/plist/write.h"
#include "protocol/profile/payload_uuid.h"

namespace reveille::profile {
namespace {

using plist::Array;
using plist::Data;
using plist::Dictionary;
using plist::Value;

// The keys that every payload has; `role` tells a profile's payloads apart.
Dictionary payload(const EnrolmentProfile& profile, const char* type, const std::string& role,
                   const char* display_name) {
  return Dictionary{
      {"PayloadType", type},
      {"PayloadVersion", 1},
      {"PayloadIdentifier", profile.identifier + "." + role},
      {"PayloadUUID", payload_uuid(profile.uuid, role)},
      {"PayloadDisplayName", display_name},
  };
}

Dictionary root_payload(const EnrolmentProfile& profile, std::size_t index) {
  Dictionary root = payload(profile, "com.apple.security.root", "root." + std::to_string(index + 1),
                            "Root certificate");
  root.set("PayloadContent", Data{profile.root_certificates[index]});
  return root;
}

// An array of relative names, each an array of [type, value] pairs.
Array subject_of(const ScepPayload& scep) {
  Array subject;
  const auto append = [&](const char* type, const std::string& value) {
    if (!value.empty()) subject.push_back(Array{Array{type, value}});
  };
  append("O", scep.organisation);
  append("CN", scep.common_name);
  return subject;
}

Dictionary scep_payload(const EnrolmentProfile& profile) {
  const ScepPayload& scep = profile.scep;
  Dictionary content{
      {"URL", scep.url},   {"Subject", subject_of(scep)}, {"Keysize", scep.key_bits},
      {"Key Type", "RSA"}, {"Key Usage", scep.key_usage},
  };
  if (!scep.name.empty()) content.set("Name", scep.name);
  if (!scep.challenge.empty()) content.set("Challenge", scep.challenge);
  Dictionary outer = payload(profile, "com.apple.security.scep", "scep", "Device identity");
  outer.set("PayloadContent", std::move(content));
  return outer;
}

Dictionary mdm_payload(const EnrolmentProfile& profile) {
  const MdmPayload& settings = profile.mdm;
  Dictionary mdm = payload(profile, "com.apple.mdm", "mdm", "Device management");
  mdm.set("IdentityCertificateUUID", payload_uuid(profile.uuid, "scep"));
  mdm.set("Topic", settings.topic);
  mdm.set("ServerURL", settings.server_url);
  if (!settings.check_in_url.empty()) mdm.set("CheckInURL", settings.check_in_url);
  mdm.set("AccessRights", settings.access_rights);
  mdm.set("SignMessage", settings.sign_message);
  mdm.set("CheckOutWhenRemoved", settings.check_out_when_removed);
  if (!settings.server_capabilities.empty()) {
    Array capabilities;
    for (const std::string& name : settings.server_capabilities) capabilities.emplace_back(name);
    mdm.set("ServerCapabilities", std::move(capabilities));
  }
  return mdm;
}

}  // namespace

Bytes write_enrolment_profile(const EnrolmentProfile& profile) {
  Array payloads;
  for (std::size_t i = 0; i < profile.root_certificates.size(); ++i) {
    payloads.emplace_back(root_payload(profile, i));
  }
  payloads.emplace_back(scep_payload(profile));
  payloads.emplace_back(mdm_payload(profile));

  Dictionary top{
      {"PayloadType", "Configuration"},
      {"PayloadVersion", 1},
      {"PayloadIdentifier", profile.identifier},
      {"PayloadUUID", profile.uuid},
      {"PayloadDisplayName", profile.display_name},
  };
  if (!profile.organisation.empty()) top.set("PayloadOrganization", profile.organisation);
  top.set("PayloadContent", std::move(payloads));
  return plist::write_xml(top);
}

}  // namespace reveille::profile
