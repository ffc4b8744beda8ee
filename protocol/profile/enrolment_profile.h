#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/plist/value.h"

// Configuration profiles for enrolment: protocol.md 7.1 and 7.3, profile-payloads.json.
namespace reveille::profile {

// com.apple.security.scep
struct ScepPayload {
  std::string url;
  std::string name;
  std::string challenge;
  std::string common_name;
  std::string organisation;
  int key_bits = 2048;  // always written: Apple's default is 1024
  int key_usage = 5;    // sign and encrypt
};

// com.apple.mdm
struct MdmPayload {
  std::string topic;
  std::string server_url;
  std::string check_in_url;  // empty: check-ins go to server_url
  int access_rights = 8191;
  bool sign_message = false;
  bool check_out_when_removed = true;
  std::vector<std::string> server_capabilities;
};

// The minimum that enrols: trust roots, an identity by SCEP, MDM.
struct EnrolmentProfile {
  std::string identifier;  // top-level PayloadIdentifier; RemoveProfile names it
  std::string uuid;        // top-level PayloadUUID; the payloads' UUIDs derive from it
  std::string display_name;
  std::string organisation;
  std::vector<Bytes> root_certificates;  // DER, com.apple.security.root
  ScepPayload scep;
  MdmPayload mdm;
};

// XML property list, unsigned. Payload order: roots, SCEP, MDM.
Bytes write_enrolment_profile(const EnrolmentProfile& profile);

// Reads the first SCEP and MDM payload and all roots: for the device simulator. The MDM payload's
// IdentityCertificateUUID must name the SCEP payload. Errors: malformed.
Result<EnrolmentProfile> parse_enrolment_profile(BytesView xml);

}  // namespace reveille::profile
