#include "bench/load/apns_stand_in.h"

#include <fstream>

namespace reveille::bench {

Result<ApnsStandIn> start_apns(const DevelopmentApple& apple, const std::filesystem::path& folder,
                               const std::vector<std::string>& arguments) {
  const std::filesystem::path port_file = folder / "apns.port";
  std::error_code ignored;
  std::filesystem::remove(port_file, ignored);
  std::vector<std::string> words{"--certificate",  apple.server_certificate_file.string(),
                                 "--key",          apple.server_key_file.string(),
                                 "--port-file",    port_file.string(),
                                 "--assume-topic", apple.topic};
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto process = ChildProcess::start(own_program("reveille-apns"), words, folder / "apns.log");
  if (!process) return std::unexpected(std::move(process.error()));
  ApnsStandIn apns{.process = *std::move(process)};
  Result<void> ready =
      apns.process->wait_until([&port_file] { return std::filesystem::exists(port_file); },
                               std::chrono::seconds(20), "reveille-apns listened");
  if (!ready) return std::unexpected(std::move(ready.error()));
  std::ifstream(port_file) >> apns.port;
  return apns;
}

}  // namespace reveille::bench
