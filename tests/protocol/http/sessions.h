#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/http/http2_client_session.h"
#include "protocol/http/http2_server_session.h"

// Both ends of a connection with a record of their events, and a wire to join them.
namespace reveille::http::test {

class Server : public Http2ServerSession::Events {
 public:
  explicit Server(const Http2ServerLimits& limits = {}) : session(*this, limits) {}

  void on_request(Http2ServerSession::StreamId stream, Request request) override {
    requests.emplace_back(stream, std::move(request));
    if (answer) answer(stream, requests.back().second);
  }
  void on_stream_closed(Http2ServerSession::StreamId stream, bool cancelled) override {
    closed.emplace_back(stream, cancelled);
  }
  void on_goaway(std::uint32_t error_code) override { goaways.push_back(error_code); }

  void answers_everything_with(Response response) {
    answer = [this, response = std::move(response)](Http2ServerSession::StreamId stream,
                                                    const Request&) {
      session.respond(stream, response);
    };
  }
  std::string produced() {
    std::string bytes;
    while (session.produce(bytes, 16 * 1024) > 0) {
    }
    return bytes;
  }

  std::function<void(Http2ServerSession::StreamId, const Request&)> answer;
  std::vector<std::pair<Http2ServerSession::StreamId, Request>> requests;
  std::vector<std::pair<Http2ServerSession::StreamId, bool>> closed;
  std::vector<std::uint32_t> goaways;
  Http2ServerSession session;
};

class Client : public Http2ClientSession::Events {
 public:
  using Tag = Http2ClientSession::Tag;
  explicit Client(const Http2ClientOptions& options = {}) : session(*this, options) {}

  void on_response(Tag tag, Response response) override {
    responses[tag] = std::move(response);
    log += "response " + std::to_string(tag) + "\n";
    if (after_response) after_response();
  }
  void on_failure(Tag tag, StreamFailure failure) override {
    constexpr const char* names[] = {"refused", "reset", "lost"};
    log += names[static_cast<int>(failure)] + (" " + std::to_string(tag)) + "\n";
    if (after_failure) after_failure(tag);
  }
  void on_goaway(std::uint32_t error_code, BytesView debug_data) override {
    log += "goaway " + std::to_string(error_code) + " " + std::string(debug_data) + "\n";
  }
  void on_settings() override { ++settings_seen; }
  void on_ping_acknowledged() override { ++pings_acknowledged; }

  void post(Tag tag, std::string_view path, BytesView body) {
    const RequestHeader headers[] = {
        {":method", "POST"},
        {":scheme", "https"},
        {":authority", "api.push.example"},
        {":path", path, Indexing::without},
        {"apns-topic", "com.apple.mgmt.External.00000000-1111-2222-3333-444455556666"},
        {"apns-push-type", "mdm"},
        {"apns-priority", "10"},
    };
    session.submit(tag, headers, body);
  }
  std::string produced() {
    std::string bytes;
    while (session.produce(bytes, 16 * 1024) > 0) {
    }
    return bytes;
  }

  std::map<Tag, Response> responses;
  std::string log;  // one event a line
  std::function<void()> after_response;
  std::function<void(Tag)> after_failure;
  int settings_seen = 0;
  int pings_acknowledged = 0;
  Http2ClientSession session;
};

// Carries bytes both ways until neither end has any left.
inline void exchange(Client& client, Server& server) {
  while (true) {
    const std::string requests = client.produced();
    if (!requests.empty()) (void)server.session.receive(requests);
    const std::string responses = server.produced();
    if (!responses.empty()) (void)client.session.receive(responses);
    if (requests.empty() && responses.empty()) return;
  }
}

}  // namespace reveille::http::test
