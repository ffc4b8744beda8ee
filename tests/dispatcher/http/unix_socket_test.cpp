#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <fstream>

#include "tests/dispatcher/http/listener_fixture.h"

namespace reveille::http {
namespace {

using Local = asio::local::stream_protocol;

class UnixSocketTest : public ListenerTest {
 protected:
  UnixSocketTest() {
    std::string folder = (std::filesystem::temp_directory_path() / "reveille-XXXXXX").string();
    folder_ = ::mkdtemp(folder.data());
    path_ = folder_ / "admin.sock";
  }
  ~UnixSocketTest() override {
    listener_.reset();
    std::filesystem::remove_all(folder_);
  }

  Result<std::unique_ptr<Listener>> try_open() {
    ListenerOptions options;
    options.unix_path = path_;
    return Listener::open(lane_, options, handler_, log_);
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
};

TEST_F(UnixSocketTest, ServesItsOwnerAndTellsTheUser) {
  auto opened = try_open();
  ASSERT_TRUE(opened) << opened.error().detail;
  listener_ = *std::move(opened);
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);

  run([&]() -> asio::awaitable<void> {
    Local::socket socket(lane_);
    co_await socket.async_connect(Local::endpoint(path_.string()), asio::use_awaitable);
    const std::unique_ptr<Stream> stream = Stream::over(std::move(socket));
    Http1Client client(*stream);
    const Request request = request_for("/v1/status");
    Result<Response> response = co_await client.request(request, soon());
    EXPECT_TRUE(response) << response.error().detail;
  });
  EXPECT_EQ(handler_.peers.at(0).user_id, ::getuid());
  EXPECT_EQ(handler_.peers.at(0).address, "unix");
}

TEST_F(UnixSocketTest, ReplacesTheSocketOfADeadProcess) {
  {
    Local::acceptor dead(lane_, Local::endpoint(path_.string()));
  }
  ASSERT_TRUE(std::filesystem::exists(path_));
  const auto opened = try_open();
  EXPECT_TRUE(opened) << opened.error().detail;
}

TEST_F(UnixSocketTest, LeavesTheSocketOfALivingProcessAlone) {
  const Local::acceptor living(lane_, Local::endpoint(path_.string()));
  const auto opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixSocketTest, LeavesAFileThatIsNoSocketAlone) {
  std::ofstream(path_) << "precious";
  EXPECT_FALSE(try_open());
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
}

TEST_F(UnixSocketTest, RemovesItsFileButNotItsSuccessors) {
  auto first = try_open();
  ASSERT_TRUE(first);
  first->reset();
  EXPECT_FALSE(std::filesystem::exists(path_));

  auto second = try_open();
  ASSERT_TRUE(second);
  std::filesystem::remove(path_);
  const auto successor = try_open();
  ASSERT_TRUE(successor);
  second->reset();
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixSocketTest, RefusesAPathThatIsTooLong) {
  path_ = folder_ / std::string(200, 'x');
  EXPECT_FALSE(try_open());
}

}  // namespace
}  // namespace reveille::http
