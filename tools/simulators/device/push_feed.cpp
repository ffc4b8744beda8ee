#include "tools/simulators/device/push_feed.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace reveille::simulators::device {

namespace asio = boost::asio;

Result<std::unique_ptr<PushFeed>> PushFeed::connect(asio::io_context& lane,
                                                    const std::filesystem::path& socket) {
  std::unique_ptr<PushFeed> feed(new PushFeed(lane));
  boost::system::error_code error;
  feed->socket_.connect(socket.string(), error);
  if (error) return failure(ErrorCode::unavailable, socket.string() + ": " + error.message());
  return feed;
}

asio::awaitable<void> PushFeed::follow(OnPush on_push) {
  std::string buffer;
  for (;;) {
    boost::system::error_code error;
    auto target = asio::dynamic_buffer(buffer, 64u << 20);
    co_await asio::async_read_until(socket_, target, '\n',
                                    asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    std::size_t start = 0;
    for (std::size_t end = buffer.find('\n'); end != std::string::npos;
         end = buffer.find('\n', start)) {
      const std::string_view line = std::string_view(buffer).substr(start, end - start);
      const std::size_t blank = line.find(' ');
      if (blank != line.npos) on_push(std::string(line.substr(0, blank)), line.substr(blank + 1));
      start = end + 1;
    }
    buffer.erase(0, start);
  }
}

void PushFeed::tell(char sign, const std::string& token) {
  unwritten_.append(1, sign).append(token).append("\n");
  if (!writing_) {
    writing_ = true;
    asio::co_spawn(lane_, write(), asio::detached);
  }
}

asio::awaitable<void> PushFeed::write() {
  while (!unwritten_.empty()) {
    const std::string lines = std::exchange(unwritten_, std::string());
    const auto buffer = asio::buffer(lines);
    boost::system::error_code error;
    co_await asio::async_write(socket_, buffer, asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
  }
  writing_ = false;
}

}  // namespace reveille::simulators::device
