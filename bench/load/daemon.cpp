#include "bench/load/daemon.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "tools/reveille/state_folder.h"

namespace reveille::bench {
namespace {

std::string configuration_text(const DaemonOptions& options) {
  return fmt::format(
      "[state]\nfolder = \"{0}\"\n"
      "[device]\nlisten_address = \"127.0.0.1\"\nport = 0\nconnections_max = 100000\n"
      "[admin]\nsocket_path = \"{1}\"\n"
      "[apns]\nhost = \"localhost\"\nport = {2}\nanchors_file = \"{3}\"\nconnections_max = {4}\n"
      "[wake]\nsilence_seconds = [{7}]\nanswer_seconds = {7}\ncoalescing_seconds = 0\n"
      "[storage]\nlanes = {5}\nqueue_commands_max = 1000000\n"
      "block_cache_mebibytes = {8}\nwrite_buffer_mebibytes = {9}\n"
      "[network]\nlanes = {6}\n"
      "[log]\nlevel = \"warning\"\nformat = \"json\"\n",
      state_folder_of(options.folder).string(), (options.folder / "admin.sock").string(),
      options.apns_port, options.apns_anchors_file.string(), options.apns_connections,
      options.storage_lanes, options.network_lanes, options.silence.count(),
      options.block_cache_mebibytes, options.write_buffer_mebibytes);
}

}  // namespace

std::filesystem::path state_folder_of(const std::filesystem::path& folder) {
  return folder / "state";
}

Result<std::unique_ptr<Daemon>> Daemon::start(const DaemonOptions& options) {
  const std::filesystem::path configuration = options.folder / "reveille.toml";
  Result<void> written = write_private_file(configuration, configuration_text(options));
  if (!written) return std::unexpected(std::move(written.error()));
  const std::filesystem::path addresses = state_folder_of(options.folder) / "reveilled.json";
  std::error_code ignored;
  std::filesystem::remove(addresses, ignored);

  auto process = ChildProcess::start(own_program("reveilled"), {"--config", configuration.string()},
                                     options.folder / "reveilled.log");
  if (!process) return std::unexpected(std::move(process.error()));
  std::unique_ptr<Daemon> daemon(new Daemon(*std::move(process), options.folder / "admin.sock"));
  Result<void> ready =
      daemon->process_->wait_until([&addresses] { return std::filesystem::exists(addresses); },
                                   std::chrono::seconds(120), "reveilled was ready");
  if (!ready) return std::unexpected(std::move(ready.error()));

  Result<Bytes> text = read_whole_file(addresses);
  if (!text) return std::unexpected(std::move(text.error()));
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(*text, error);
  if (error) return failure(ErrorCode::malformed, addresses.string() + " is not JSON");
  daemon->device_port_ = static_cast<std::uint16_t>(value.at("device_port").as_int64());
  return daemon;
}

Result<std::uint64_t> Daemon::count(const std::string& section, const std::string& name) const {
  Result<AdminClient::Answer> status = admin_.get("/v1/status");
  if (!status) return std::unexpected(std::move(status.error()));
  const boost::json::value* object = status->object.if_contains(section);
  const boost::json::value* number =
      object == nullptr || !object->is_object() ? nullptr : object->get_object().if_contains(name);
  if (number == nullptr || !number->is_number()) {
    return failure(ErrorCode::unavailable, "/v1/status has no " + section + "." + name);
  }
  return number->to_number<std::uint64_t>();
}

Result<std::vector<std::string>> Daemon::create_links(std::size_t count) const {
  constexpr std::size_t links_per_request = 1'000;
  std::vector<std::string> links;
  while (links.size() < count) {
    const boost::json::object body{{"count", std::min(links_per_request, count - links.size())}};
    auto answer = admin_.request("POST", "/v1/enrolment-links", boost::json::serialize(body));
    if (!answer) return std::unexpected(std::move(answer.error()));
    const boost::json::value* list = answer->object.if_contains("links");
    if (list == nullptr || !list->is_array() || list->get_array().empty()) {
      return failure(ErrorCode::unavailable, "no links came: " + answer->text.substr(0, 200));
    }
    for (const boost::json::value& link : list->get_array()) {
      links.emplace_back(link.at("url").as_string().c_str());
    }
  }
  return links;
}

}  // namespace reveille::bench
