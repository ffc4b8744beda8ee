#include "tools/simulators/apns/subscribers.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>

namespace reveille::simulators::apns {

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;

struct Subscribers::Subscriber {
  explicit Subscriber(Protocol::socket connected)
      : socket(std::move(connected)), more(socket.get_executor()) {
    more.expires_at(std::chrono::steady_clock::time_point::max());
  }

  Protocol::socket socket;
  asio::steady_timer more;  // cancelled when `waiting` gets its first line
  std::string waiting;
};

Result<std::unique_ptr<Subscribers>> Subscribers::listen(asio::io_context& lane,
                                                         const std::filesystem::path& path,
                                                         TokenDirectory& tokens) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  try {
    std::unique_ptr<Subscribers> subscribers(new Subscribers(lane, tokens, path));
    asio::co_spawn(lane, subscribers->accept(), asio::detached);
    return subscribers;
  } catch (const std::exception& error) {
    return failure(ErrorCode::unavailable, path.string() + ": " + error.what());
  }
}

Subscribers::Subscribers(asio::io_context& lane, TokenDirectory& tokens,
                         const std::filesystem::path& path)
    : lane_(lane),
      tokens_(tokens),
      path_(path),
      acceptor_(lane, Protocol::endpoint(path.string())) {}

Subscribers::~Subscribers() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

void Subscribers::tell(BytesView token_hex, BytesView push_magic) {
  for (const auto& subscriber : subscribers_) {
    if (subscriber->waiting.size() > backlog_bytes_max) {
      subscriber->socket.close();
      continue;
    }
    const bool first = subscriber->waiting.empty();
    subscriber->waiting.append(token_hex).append(" ").append(push_magic).append("\n");
    if (first) subscriber->more.cancel();
  }
}

asio::awaitable<void> Subscribers::accept() {
  for (;;) {
    boost::system::error_code error;
    Protocol::socket socket =
        co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    auto subscriber = std::make_shared<Subscriber>(std::move(socket));
    subscribers_.push_back(subscriber);
    asio::co_spawn(lane_, write(subscriber), asio::detached);
    asio::co_spawn(lane_, read(std::move(subscriber)), asio::detached);
  }
}

asio::awaitable<void> Subscribers::read(std::shared_ptr<Subscriber> subscriber) {
  std::string buffer;
  for (;;) {
    boost::system::error_code error;
    auto target = asio::dynamic_buffer(buffer, 1 << 20);
    const std::size_t length = co_await asio::async_read_until(
        subscriber->socket, target, '\n', asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    hear(std::string_view(buffer).substr(0, length - 1));
    buffer.erase(0, length);
  }
  subscriber->socket.close();
  subscriber->more.cancel();
  subscribers_.remove(subscriber);
}

asio::awaitable<void> Subscribers::write(std::shared_ptr<Subscriber> subscriber) {
  while (subscriber->socket.is_open()) {
    boost::system::error_code error;
    if (subscriber->waiting.empty()) {
      co_await subscriber->more.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    const std::string lines = std::exchange(subscriber->waiting, std::string());
    const auto buffer = asio::buffer(lines);
    co_await asio::async_write(subscriber->socket, buffer,
                               asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
  }
}

void Subscribers::hear(std::string_view line) {
  if (line.size() < 2) return;
  const std::string token(line.substr(1));
  if (line.front() == '+') tokens_.add(token);
  if (line.front() == '-') {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    tokens_.remove(token, now.count());
  }
}

}  // namespace reveille::simulators::apns
