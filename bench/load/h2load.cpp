#include "bench/load/h2load.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <vector>

#include "bench/load/child_process.h"
#include "bench/load/seeding.h"
#include "protocol/apns/notification.h"

namespace reveille::bench {
namespace {

void write_requests(const H2loadOptions& options, const std::filesystem::path& folder) {
  std::ofstream targets(folder / "targets.txt");
  for (std::size_t number = 0; number < options.pushes; ++number) {
    targets << "https://localhost:" << options.port
            << apns::path_of(mdm::PushToken{.bytes = push_token_of(number)}) << "\n";
  }
  std::ofstream(folder / "payload.json")
      << apns::payload_of(mdm::PushMagic{.text = "0A0B0C0D-0000-4000-8000-000000000000"});
}

}  // namespace

std::uint64_t accepted_in(const std::string& output) {
  const std::string label = "status codes: ";
  const std::size_t position = output.find(label);
  if (position == std::string::npos) return 0;
  std::uint64_t accepted = 0;
  const char* const first = output.data() + position + label.size();
  std::from_chars(first, output.data() + output.size(), accepted);
  return accepted;
}

Result<H2loadResult> run_h2load(const H2loadOptions& options, const std::filesystem::path& folder) {
  write_requests(options, folder);
  const std::filesystem::path log = folder / "h2load.log";
  std::error_code ignored;
  std::filesystem::remove(log, ignored);
  const auto expiration = std::chrono::duration_cast<std::chrono::seconds>(
      (std::chrono::system_clock::now() + std::chrono::days(7)).time_since_epoch());
  const std::vector<std::string> arguments{"-n",
                                           std::to_string(options.pushes),
                                           "-c",
                                           "1",
                                           "-t",
                                           "1",
                                           "-m",
                                           std::to_string(options.streams),
                                           "-i",
                                           (folder / "targets.txt").string(),
                                           "-d",
                                           (folder / "payload.json").string(),
                                           "-H",
                                           "apns-topic: " + options.topic,
                                           "-H",
                                           "apns-push-type: mdm",
                                           "-H",
                                           "apns-priority: 10",
                                           "-H",
                                           fmt::format("apns-expiration: {}", expiration.count()),
                                           fmt::format("https://localhost:{}/", options.port)};
  const auto start = std::chrono::steady_clock::now();
  auto process = ChildProcess::start("h2load", arguments, log);
  if (!process) return std::unexpected(std::move(process.error()));
  Result<ChildProcess::Ended> ended = (*process)->wait(std::chrono::seconds(300));
  if (!ended) return std::unexpected(std::move(ended.error()));
  const auto elapsed = std::chrono::steady_clock::now() - start;
  std::ifstream file(log);
  const std::string output(std::istreambuf_iterator<char>(file), {});
  return H2loadResult{.cpu_seconds = ended->user_seconds + ended->system_seconds,
                      .elapsed_seconds = std::chrono::duration<double>(elapsed).count(),
                      .accepted = accepted_in(output)};
}

}  // namespace reveille::bench
