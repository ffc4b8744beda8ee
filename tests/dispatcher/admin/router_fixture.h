#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dispatcher/admin/router.h"
#include "storage/memory/memory_store.h"

namespace reveille::admin {

// A clock that stands still until it is turned.
class HandClock final : public Clock {
 public:
  WallTime wall_now() const override { return wall; }
  SteadyTime steady_now() const override { return steady; }
  WallTime wall{std::chrono::sys_days{std::chrono::January / 15 / 2026}};
  SteadyTime steady{};
};

class CountingRandomSource final : public RandomSource {
 public:
  Bytes bytes(std::size_t count) override { return Bytes(count, static_cast<char>(++calls_)); }

 private:
  int calls_ = 0;
};

// A router over the memory store and one storage lane; the test answers for APNs.
class RouterTest : public testing::Test {
 protected:
  static constexpr const char* topic = "com.apple.mgmt.External.test";
  static constexpr const char* key = "an api key of good length";

  RouterTest()
      : store_(storage::make_memory_store({})),
        lanes_(*store_, log_, StorageLanesOptions{}),
        router_(make_parts()) {}

  Parts make_parts() {
    Options options;
    options.api_keys = {key, "another key of good length"};
    options.own_user_id = 1'000;
    options.version = "1.2.3";
    options.push_wait = std::chrono::milliseconds(push_wait_);
    return Parts{
        .options = std::move(options),
        .store = *store_,
        .storage = lanes_,
        .clock = clock_,
        .random = random_,
        .log = log_,
        .started_at = clock_.steady,
        .wake = [this](storage::DueWake& target,
                       wake::WakeReply& reply) { return take_push(target, reply); },
        .notify_wakes = [this](storage::Partition) { ++notified_; },
        .wake_statistics = [] { return wake::WakeLanes::Statistics{}; },
        .admit_batch = [this]() -> Result<void> {
          if (batches_are_full_) return failure(ErrorCode::overloaded, "too many batches");
          return {};
        },
        .batch_changed = [this](const storage::BatchId& id) { changed_.push_back(id.text); },
        .batch_statistics =
            [] {
              batch::Statistics statistics;
              statistics.unfinished = 7;
              statistics.oldest = std::chrono::milliseconds(1'500);
              return statistics;
            },
        .apns_statistics =
            [this] {
              apns::Client::Statistics statistics;
              statistics.topic = apns_topic_;
              return statistics;
            },
        .device_statistics = [] { return http::Listener::Statistics{}; },
        .exchange_counts = [] { return std::vector<NamedCount>{{"connect", 3}}; },
        .refusal_counts = [] { return std::vector<NamedCount>{{"certificate_revoked", 2}}; },
        .certificates_revoked =
            [this](std::span<const storage::Sha256> certificates) {
              revoked_.insert(revoked_.end(), certificates.begin(), certificates.end());
            },
        .use_push_certificate =
            [this](pki::PushCertificate certificate) { apns_topic_ = certificate.topic; },
        .create_enrolment_links =
            [this](std::size_t count, std::chrono::seconds valid) {
              return make_links(count, valid);
            }};
  }

  // What APNs says to a push; by default it takes it.
  Result<void> take_push(const storage::DueWake& target, wake::WakeReply& reply) {
    if (full_times_ > 0) {
      --full_times_;
      return failure(ErrorCode::overloaded, "too many wakes at once");
    }
    pushed_.push_back(target.enrolment.text());
    priorities_.push_back(target.priority);
    if (apns_is_silent_) {
      unanswered_.push_back(std::move(reply));
      return {};
    }
    wake::WakeResult result;
    result.enrolment = target.enrolment;
    apns::Response response;
    response.status = 200;
    response.apns_id = apns::ApnsId("apns-id-of-" + target.enrolment.text());
    if (target.enrolment.text() == refused_) {
      response.status = 410;
      response.reason = apns::Reason::unregistered;
      response.reason_text = "Unregistered";
      response.unregistered_at.emplace(std::chrono::milliseconds(1'700'000'000'000));
    }
    result.response = std::move(response);
    reply(std::move(result));
    return {};
  }

  boost::asio::awaitable<Result<std::vector<EnrolmentLink>>> make_links(
      std::size_t count, std::chrono::seconds valid) {
    std::vector<EnrolmentLink> links;
    for (std::size_t i = 0; i < count; ++i) {
      EnrolmentLink link;
      link.url = "https://mdm.example.com/enrol/" + std::to_string(i);
      link.expires_at = clock_.wall + valid;
      links.push_back(std::move(link));
    }
    co_return links;
  }

  // ---- acts ----

  http::Response ask(http::Request request, const http::Peer& peer) {
    std::optional<http::Response> response;
    boost::asio::co_spawn(context_, router_.handle(std::move(request), peer),
                          [&](std::exception_ptr thrown, http::Response answer) {
                            if (!thrown) response = std::move(answer);
                          });
    context_.restart();
    // The storage lane posts from its own thread; the pending coroutine holds no work for run().
    const auto work = boost::asio::make_work_guard(context_);
    while (!response) context_.run_one();
    return *std::move(response);
  }

  static http::Request request(std::string method, std::string target, Bytes body = {}) {
    http::Request made;
    made.method = std::move(method);
    made.target = std::move(target);
    made.body = std::move(body);
    return made;
  }

  // As root on the admin socket.
  http::Response ask(std::string method, std::string target, Bytes body = {}) {
    return ask(request(std::move(method), std::move(target), std::move(body)), root());
  }

  static http::Peer root() {
    http::Peer peer;
    peer.address = "unix";
    peer.user_id = 0;
    return peer;
  }

  // ---- arrangements ----

  void run(std::function<void(storage::Transaction&)> work) {
    const auto transaction = store_->begin();
    work(*transaction);
    ASSERT_TRUE(transaction->commit());
  }

  void enrol(const std::string& id, const std::string& of_topic = topic) {
    run([&](storage::Transaction& transaction) { enrol_in(transaction, id, of_topic); });
  }

  void enrol_in(storage::Transaction& transaction, const std::string& id,
                const std::string& of_topic) {
    mdm::Authenticate authenticate;
    authenticate.identity.enrolment = mdm::EnrolmentId(id);
    authenticate.identity.device = mdm::EnrolmentId(id);
    authenticate.topic = of_topic;
    authenticate.serial_number = "SERIAL-" + id;
    mdm::TokenUpdate update;
    update.identity = authenticate.identity;
    update.topic = of_topic;
    update.push_token.bytes = "token of " + id;
    update.push_magic.text = "magic of " + id;
    ASSERT_TRUE(transaction.authenticate(authenticate, storage::Sha256{}, clock_.wall));
    ASSERT_TRUE(transaction.update_token(update, clock_.wall));
  }

  static std::string command(const std::string& uuid,
                             const std::string& request_type = "DeviceInformation") {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>"
           "<key>Command</key><dict><key>RequestType</key><string>" +
           request_type + "</string></dict><key>CommandUUID</key><string>" + uuid +
           "</string></dict></plist>\n";
  }

  std::vector<storage::Delivery> deliveries(const std::string& id) {
    std::vector<storage::Delivery> found;
    run([&](storage::Transaction& transaction) {
      auto read = transaction.deliveries(mdm::EnrolmentId(id), 100);
      ASSERT_TRUE(read);
      found = *std::move(read);
    });
    return found;
  }

  bool is_due(const std::string& id) {
    bool due = false;
    run([&](storage::Transaction& transaction) {
      const auto wake = transaction.wake_state(mdm::EnrolmentId(id));
      ASSERT_TRUE(wake);
      due = *wake && (*wake)->due_at.has_value();
    });
    return due;
  }

  Log log_{LogOptions{.level = LogLevel::error, .format = LogFormat::text}};
  HandClock clock_;
  CountingRandomSource random_;
  int push_wait_ = 10'000;
  std::string apns_topic_ = topic;
  std::string refused_;  // the enrolment that APNs says 410 to
  int full_times_ = 0;   // so often the wake lanes are full
  bool apns_is_silent_ = false;
  std::vector<std::string> pushed_;
  std::vector<storage::Priority> priorities_;  // of those
  std::vector<wake::WakeReply> unanswered_;
  int notified_ = 0;
  bool batches_are_full_ = false;
  std::vector<storage::Sha256> revoked_;  // that requests would be told of
  std::vector<std::string> changed_;  // batches that the expander was told of

  std::unique_ptr<storage::Store> store_;
  boost::asio::io_context context_{1};
  StorageLanes lanes_;
  Router router_;
};

}  // namespace reveille::admin
