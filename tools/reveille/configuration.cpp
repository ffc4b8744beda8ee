#include "tools/reveille/configuration.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

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

}  // namespace reveille
