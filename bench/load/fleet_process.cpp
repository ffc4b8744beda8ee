#include "bench/load/fleet_process.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "tools/reveille/state_folder.h"

namespace reveille::bench {

namespace asio = boost::asio;

Result<std::unique_ptr<FleetProcess>> FleetProcess::start(
    const std::filesystem::path& folder, const std::vector<std::string>& links,
    const std::filesystem::path& authority_file, const std::vector<std::string>& arguments) {
  std::string lines;
  for (const std::string& link : links) lines += link + "\n";
  Result<void> written = write_private_file(folder / "links.txt", lines);
  if (!written) return std::unexpected(std::move(written.error()));
  const std::filesystem::path socket = folder / "fleet.sock";
  std::vector<std::string> words{"--links",          (folder / "links.txt").string(),
                                 "--authority",      authority_file.string(),
                                 "--control-socket", socket.string(),
                                 "--quiet",          "--json"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto process = ChildProcess::start(own_program("reveille-fleet"), words, folder / "fleet.log");
  if (!process) return std::unexpected(std::move(process.error()));
  std::unique_ptr<FleetProcess> fleet(new FleetProcess(*std::move(process), socket));
  // The socket's file is there a moment before anybody listens.
  Result<void> ready =
      fleet->process_->wait_until([&fleet] { return fleet->status().has_value(); },
                                  std::chrono::seconds(120), "reveille-fleet was ready");
  if (!ready) return std::unexpected(std::move(ready.error()));
  return fleet;
}

Result<boost::json::object> FleetProcess::ask(const boost::json::object& request) const {
  boost::system::error_code error;
  asio::io_context context(1);
  asio::local::stream_protocol::socket socket(context);
  socket.connect(asio::local::stream_protocol::endpoint(socket_.string()), error);
  if (!error) asio::write(socket, asio::buffer(boost::json::serialize(request) + "\n"), error);
  asio::streambuf answer;
  if (!error) asio::read_until(socket, answer, '\n', error);
  if (error) return failure(ErrorCode::unavailable, "reveille-fleet: " + error.message());
  const std::string line(asio::buffers_begin(answer.data()), asio::buffers_end(answer.data()));
  const boost::json::value value = boost::json::parse(line, error);
  if (error || !value.is_object()) {
    return failure(ErrorCode::unavailable, "reveille-fleet answered no JSON object");
  }
  return value.get_object();
}

std::uint64_t count_in(const boost::json::object& report, std::string_view key) {
  const boost::json::value* value = report.if_contains(key);
  return value != nullptr && value->is_number() ? value->to_number<std::uint64_t>() : 0;
}

}  // namespace reveille::bench
