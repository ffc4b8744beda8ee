#pragma once

#include <string_view>

namespace reveille {

// Tells systemd "READY=1" and the like (sd_notify(3)): one datagram to $NOTIFY_SOCKET, if it is
// set.
void notify_service_manager(std::string_view state);

}  // namespace reveille
