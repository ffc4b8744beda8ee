#include "tools/reveille/configuration.h"

#include <utility>

namespace reveille {

std::vector<std::string> trusted_peers(const Configuration& configuration) {
  std::vector<std::string> peers;
  std::string peer;
  for (const char character : configuration.device.trusted_proxies + ",") {
    if (character == ',') {
      if (!peer.empty()) peers.push_back(std::exchange(peer, {}));
    } else if (character != ' ') {
      peer.push_back(character);
    }
  }
  return peers;
}

}  // namespace reveille
