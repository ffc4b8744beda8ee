#include "tools/reveille/configuration.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace reveille {

LoadedConfiguration load_configuration(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) {
    LoadedConfiguration failed;
    failed.errors.push_back(file.string() + ": cannot be read (" + std::strerror(errno) +
                            "); `reveilled --print-default-config` writes a complete one");
    return failed;
  }
  return parse_configuration(text, file);
}

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
