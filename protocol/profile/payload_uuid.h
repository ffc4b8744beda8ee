#pragma once

#include <string>
#include <string_view>

namespace reveille::profile {

// The UUID of the payload that plays `role` in the profile `profile_uuid`: the same for ever, so
// that a renewed profile replaces its payloads, and another one for any other role or profile.
// Form: RFC 9562 version 8 (made by the application's own rule), upper case as Apple's tools write.
std::string payload_uuid(std::string_view profile_uuid, std::string_view role);

}  // namespace reveille::profile
