#include "tests/dispatcher/apns/scripted_peer.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

namespace reveille::apns::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::uint32_t refused_stream = 7;
constexpr std::uint32_t internal_error = 2;

http::Stream::Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::minutes(1); }

}  // namespace

struct ScriptedPeer::Connection final : std::enable_shared_from_this<Connection>,
                                        http::Http2ServerSession::Events {
  Connection(ScriptedPeer& owner, std::size_t which, std::unique_ptr<http::Stream> over)
      : peer(owner),
        number(which),
        faulty(which <= owner.script_.faulty_connections),
        stream(std::move(over)),
        session(*this, owner.script_.limits),
        output_waits(owner.context_, asio::steady_timer::time_point::max()) {}

  ScriptedPeer& peer;
  const std::size_t number;
  const bool faulty;
  std::unique_ptr<http::Stream> stream;
  http::Http2ServerSession session;
  asio::steady_timer output_waits;
  std::size_t requests = 0;
  std::vector<std::pair<http::Http2ServerSession::StreamId, std::string>> held, left_out;
  bool cut = false;
  bool silent = false;
  bool said_goaway = false;
  bool shaken = false;

  void on_request(http::Http2ServerSession::StreamId id, http::Request request) override {
    Record& record = peer.record_;
    const Script& script = peer.script_;
    ++requests;
    const std::size_t n = ++record.requests;
    record.streams_most = std::max(record.streams_most, session.open_streams());
    const std::string apns_id(request.header("apns-id").value_or(""));
    record.ids[request.target].insert(apns_id);
    record.headers.clear();
    for (const http::Header& header : request.headers) record.headers[header.name] = header.value;
    record.headers[":authority"] = request.authority;
    record.headers[":method"] = request.method;
    record.body = request.body;

    const auto is_due = [&](std::size_t each) { return faulty && each != 0 && n % each == 0; };
    if (faulty && script.cut_after != 0 && requests >= script.cut_after) cut = true;
    if (faulty && script.silent_after != 0 && requests >= script.silent_after) silent = true;
    if (cut || silent) return;
    if (faulty && script.change_limit_after == requests) {
      session.change_concurrent_streams_max(script.changed_limit);
    }
    if (is_due(script.refuse_each)) return session.reset(id, refused_stream);
    if (is_due(script.reset_each)) return session.reset(id, internal_error);
    if (is_due(script.stall_each)) return;
    if (is_due(script.unavailable_each)) {
      return session.respond(id, {503, {}, R"({"reason":"ServiceUnavailable"})"});
    }
    if (is_due(script.shutdown_each)) {
      return session.respond(id, {503, {}, R"({"reason":"Shutdown"})"});
    }
    process_or_go_away(id, request.target);
  }

  void process_or_go_away(http::Http2ServerSession::StreamId id, const std::string& path) {
    const Script& script = peer.script_;
    const bool goes_away = faulty && script.goaway_after != 0;
    if (goes_away && requests > script.goaway_after - script.goaway_leaves && !said_goaway) {
      if (requests < script.goaway_after) {  // not processed: above the last stream soon
        left_out.emplace_back(id, path);
        return answer_left_out_without_goaway();
      }
      said_goaway = true;
      left_out.clear();
      const auto ids_above = static_cast<std::int32_t>(2 * script.goaway_leaves);
      if (script.goaway_leaves == 0) held.emplace_back(id, path);
      session.go_away(0, R"({"reason":"Shutdown"})", id - ids_above);
      return answer_held();
    }
    held.emplace_back(id, path);
    const bool waits = script.holds_answers || (goes_away && script.goaway_before_answers);
    if (!waits && script.late_by.count() != 0 && number == 1) {
      answer_late();
    } else if (!waits) {
      answer_held();
    }
  }

  // When so few requests come that the connection never gets to its GOAWAY.
  void answer_left_out_without_goaway() {
    if (left_out.size() > 1) return;
    auto timer = std::make_shared<asio::steady_timer>(peer.context_, std::chrono::milliseconds(200));
    timer->async_wait([timer, self = shared_from_this()](const boost::system::error_code&) {
      if (std::exchange(self->said_goaway, true)) return;
      self->held.insert(self->held.end(), self->left_out.begin(), self->left_out.end());
      self->left_out.clear();
      self->answer_held();
      self->write_soon();
    });
  }

  void answer_late() {
    auto timer = std::make_shared<asio::steady_timer>(peer.context_, peer.script_.late_by);
    timer->async_wait([timer, self = shared_from_this()](const boost::system::error_code&) {
      self->answer_held();
      self->write_soon();
    });
  }

  void answer_held() {
    for (const auto& [id, path] : std::exchange(held, {})) {
      ++peer.record_.processed[path];
      const std::string& apns_id = *peer.record_.ids[path].rbegin();
      session.respond(id, {200, {{"apns-id", apns_id}}, {}});
    }
  }

  void on_stream_closed(http::Http2ServerSession::StreamId id, bool) override {
    for (auto* list : {&held, &left_out}) {
      std::erase_if(*list, [id](const auto& one) { return one.first == id; });
    }
  }
  void on_goaway(std::uint32_t) override { ++peer.record_.goaways_received; }

  void write_soon() { output_waits.cancel(); }

  asio::awaitable<void> serve(std::shared_ptr<Connection> self) {
    const Result<void> done = co_await stream->handshake(soon());
    if (!done) co_return;
    shaken = true;
    peer.record_.connections_most = std::max(peer.record_.connections_most, ++peer.open_);
    if (number <= peer.script_.silent_from_the_start) silent = true;
    if (number <= peer.script_.goaway_at_once) session.go_away(0, R"({"reason":"Shutdown"})");
    asio::co_spawn(peer.context_, write(self), asio::detached);
    co_await read();
    --peer.open_;
    stream->close();
    write_soon();
  }

  asio::awaitable<void> read() {
    std::string buffer(16 * 1024, '\0');
    while (!cut) {
      const Result<std::size_t> count = co_await stream->read_some(buffer, soon());
      if (!count || *count == 0) break;
      // After its own GOAWAY it leaves closing to the client: bytes in flight would become a reset,
      // and that could overtake the last answers.
      if (silent || session.finished()) continue;
      if (!session.receive(BytesView(buffer).substr(0, *count))) break;
      write_soon();
    }
    cut = true;
  }

  asio::awaitable<void> write(std::shared_ptr<Connection> self) {
    (void)self;
    Bytes output;
    while (!cut) {
      output.clear();
      if (!silent) session.produce(output, 64 * 1024);
      if (output.empty()) {
        boost::system::error_code ignored;
        co_await output_waits.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        continue;
      }
      const Result<void> written = co_await stream->write(output, soon());
      if (!written) co_return;
    }
  }
};

ScriptedPeer::ScriptedPeer(http::TlsContext tls, const Script& script)
    : script_(script), tls_(std::move(tls)), work_(context_.get_executor()) {
  listen(0);
  thread_ = std::jthread([this] { context_.run(); });
}

ScriptedPeer::~ScriptedPeer() {
  context_.stop();
  thread_.join();
}

void ScriptedPeer::listen(std::uint16_t port) {
  const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
  acceptor_.emplace(context_, endpoint, /*reuse_addr=*/true);
  port_ = acceptor_->local_endpoint().port();
  asio::co_spawn(context_, accept_all(), asio::detached);
}

asio::awaitable<void> ScriptedPeer::accept_all() {
  for (;;) {
    boost::system::error_code error;
    tcp::socket socket =
        co_await acceptor_->async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    auto stream = http::Stream::tls_server(std::move(socket), tls_);
    auto connection =
        std::make_shared<Connection>(*this, ++record_.connections, std::move(stream));
    connections_.push_back(connection);
    asio::co_spawn(context_, connection->serve(connection), asio::detached);
  }
}

void ScriptedPeer::run_there(std::move_only_function<void()> work) {
  std::promise<void> done;
  asio::post(context_, [&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

void ScriptedPeer::change_script(const std::function<void(Script&)>& change) {
  run_there([&] { change(script_); });
}

void ScriptedPeer::release_answers() {
  change_script([](Script& script) { script.holds_answers = false; });
  release_held();
}

void ScriptedPeer::release_held() {
  run_there([this] {
    for (const auto& weak : connections_) {
      const auto connection = weak.lock();
      if (!connection || connection->cut) continue;
      connection->answer_held();
      connection->write_soon();
    }
  });
}

void ScriptedPeer::change_stream_limit(std::uint32_t limit) {
  run_there([&] {
    for (const auto& weak : connections_) {
      const auto connection = weak.lock();
      if (!connection || connection->cut) continue;
      connection->session.change_concurrent_streams_max(limit);
      connection->write_soon();
    }
  });
}

void ScriptedPeer::stop_listening() {
  run_there([this] {
    boost::system::error_code ignored;
    acceptor_->close(ignored);
    for (const auto& weak : connections_) {
      if (const auto connection = weak.lock()) connection->stream->close();
    }
  });
}

void ScriptedPeer::listen_again() {
  run_there([this] { listen(port_); });
}

void ScriptedPeer::use_tls(http::TlsContext tls) {
  run_there([&] { tls_ = std::move(tls); });
}

ScriptedPeer::Record ScriptedPeer::record() {
  Record copy;
  run_there([&] {
    copy = record_;
    for (const auto& weak : connections_) {
      if (const auto connection = weak.lock()) copy.held += connection->held.size();
    }
  });
  return copy;
}

std::size_t ScriptedPeer::Record::doubles() const {
  std::size_t count = 0;
  for (const auto& [path, times] : processed) count += times - 1;
  return count;
}

}  // namespace reveille::apns::test
