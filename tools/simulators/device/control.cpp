#include "tools/simulators/device/control.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>

namespace reveille::simulators::device {

namespace asio = boost::asio;
namespace json = boost::json;
using Protocol = asio::local::stream_protocol;

namespace {

std::size_t number_of(const json::object& request, std::string_view key, std::size_t otherwise) {
  const json::value* value = request.if_contains({key.data(), key.size()});
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return otherwise;
  return static_cast<std::size_t>(value->get_int64());
}

}  // namespace

Result<std::unique_ptr<Control>> Control::listen(asio::io_context& lane,
                                                 const std::filesystem::path& path, Fleet& fleet) {
  // Under its name only once it listens: a script waits for the name, then connects.
  const std::filesystem::path unready = path.string() + ".new";
  std::error_code ignored;
  std::filesystem::remove(unready, ignored);
  try {
    std::unique_ptr<Control> control(new Control(lane, path, unready, fleet));
    std::filesystem::rename(unready, path);
    asio::co_spawn(lane, control->accept(), asio::detached);
    return control;
  } catch (const std::exception& error) {
    return failure(ErrorCode::unavailable, path.string() + ": " + error.what());
  }
}

Control::Control(asio::io_context& lane, const std::filesystem::path& path,
                 const std::filesystem::path& unready, Fleet& fleet)
    : lane_(lane),
      path_(path),
      fleet_(fleet),
      acceptor_(lane, Protocol::endpoint(unready.string())) {}

Control::~Control() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

asio::awaitable<void> Control::accept() {
  for (;;) {
    boost::system::error_code error;
    Protocol::socket socket =
        co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    asio::co_spawn(lane_, serve(std::move(socket)), asio::detached);
  }
}

asio::awaitable<void> Control::serve(Protocol::socket socket) {
  std::string buffer;
  for (;;) {
    boost::system::error_code error;
    auto target = asio::dynamic_buffer(buffer, 1 << 16);
    const std::size_t length = co_await asio::async_read_until(
        socket, target, '\n', asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    std::string line = buffer.substr(0, length);
    buffer.erase(0, length);
    const std::string text = co_await answer(std::move(line)) + "\n";
    const auto bytes = asio::buffer(text);
    co_await asio::async_write(socket, bytes, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
  }
}

asio::awaitable<std::string> Control::answer(std::string line) {
  boost::system::error_code error;
  const json::value parsed = json::parse(line, error);
  if (error || !parsed.is_object()) co_return R"({"error":"send one JSON object a line"})";
  const json::object& request = parsed.get_object();
  const json::value* verb = request.if_contains("do");
  const std::string what =
      verb != nullptr && verb->is_string() ? std::string(verb->get_string()) : std::string();
  if (what == "status") {
    json::object status = json::parse(fleet_.report().as_json()).as_object();
    status["enrolled_now"] = fleet_.enrolled_now();
    status["in_setup_now"] = fleet_.in_setup_now();
    status["at_rest"] = fleet_.at_rest();
    co_return json::serialize(status);
  }
  if (what == "leave") {
    const json::value* flag = request.if_contains("silently");
    const bool silently = flag != nullptr && flag->is_bool() && flag->get_bool();
    const std::size_t left = co_await fleet_.leave(number_of(request, "count", 1), silently);
    const json::object reply{{"left", left}};
    co_return json::serialize(reply);
  }
  if (what == "poll") {
    fleet_.poll_all();
    co_return "{}";
  }
  if (what == "hold") {
    fleet_.hold();
    co_return "{}";
  }
  if (what == "release") {
    fleet_.release();
    co_return "{}";
  }
  if (what == "devices") {
    json::array devices;
    for (const std::string& udid : fleet_.enrolled_udids(number_of(request, "first", 0),
                                                         number_of(request, "count", 1'000'000))) {
      devices.emplace_back(udid);
    }
    const json::object reply{{"devices", devices}};
    co_return json::serialize(reply);
  }
  if (what == "stop") {
    lane_.stop();
    co_return "{}";
  }
  co_return R"({"error":"unknown \"do\": status, leave, hold, release, poll, devices, stop"})";
}

}  // namespace reveille::simulators::device
