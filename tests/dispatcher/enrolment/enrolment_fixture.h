#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "dispatcher/enrolment/certificate_authority.h"
#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/log.h"
#include "dispatcher/runtime/random_source.h"
#include "dispatcher/runtime/storage_lanes.h"
#include "tests/dispatcher/enrolment/breakable_store.h"

namespace reveille {

// Stands still until it is turned. Storage lanes read it too.
class HandClock final : public Clock {
 public:
  WallTime wall_now() const override {
    return WallTime(std::chrono::milliseconds(milliseconds_.load()));
  }
  SteadyTime steady_now() const override { return SteadyTime(); }

  void turn(std::chrono::milliseconds by) { milliseconds_ += by.count(); }

 private:
  static constexpr WallTime start{std::chrono::sys_days{std::chrono::January / 15 / 2026}};
  std::atomic<std::int64_t> milliseconds_{start.time_since_epoch().count()};
};

class SeededRandomSource final : public RandomSource {
 public:
  Bytes bytes(std::size_t count) override {
    Bytes bytes;
    while (bytes.size() < count) bytes.push_back(static_cast<char>(engine_()));
    return bytes;
  }

 private:
  std::mt19937_64 engine_{20260115};
};

// RSA keys are dear: one each for a whole program.
inline const pki::PrivateKey& authority_key() {
  static const pki::PrivateKey key = pki::PrivateKey::generate_rsa(2048).value();
  return key;
}
inline const pki::PrivateKey& device_rsa_key() {
  static const pki::PrivateKey key = pki::PrivateKey::generate_rsa(2048).value();
  return key;
}
inline pki::PrivateKey new_key() { return pki::PrivateKey::generate_p256().value(); }

inline enrolment::CertificateAuthority make_authority(const Clock& clock,
                                                      const char* name = "test authority") {
  const pki::Time now = std::chrono::floor<std::chrono::seconds>(clock.wall_now());
  pki::CertificateTemplate contents;
  contents.common_name = name;
  contents.serial = Bytes(16, 'a');
  contents.not_before = now - std::chrono::days(1);
  contents.not_after = now + std::chrono::days(3'650);
  contents.purpose = pki::CertificateTemplate::Purpose::authority;
  pki::Certificate root = pki::issue_self_signed(contents, authority_key()).value();
  return enrolment::CertificateAuthority::make(std::move(root), authority_key()).value();
}

// What the enrolment endpoints stand on.
class EnrolmentTest : public testing::Test {
 protected:
  static constexpr const char* topic = "com.apple.mgmt.External.test";

  // Runs a coroutine to its end.
  template <typename Value>
  Value run(boost::asio::awaitable<Value> work) {
    std::optional<Value> value;
    boost::asio::co_spawn(lane_, std::move(work), [&](std::exception_ptr failed, Value result) {
      if (failed) std::rethrow_exception(failed);
      value = std::move(result);
    });
    lane_.restart();
    lane_.run();
    return *std::move(value);
  }

  std::unique_ptr<storage::Transaction> records() { return store_.begin(); }

  void store_push_certificate(const std::string& of_topic = topic,
                              std::chrono::days valid = std::chrono::days(300)) {
    const auto transaction = records();
    storage::PushCertificateRecord record;
    record.topic = of_topic;
    record.not_after = clock_.wall_now() + valid;
    record.stored_at = clock_.wall_now();
    ASSERT_TRUE(transaction->put_push_certificate(record));
    ASSERT_TRUE(transaction->commit());
  }

  HandClock clock_;
  SeededRandomSource random_;
  Log log_{LogOptions{.level = LogLevel::error, .format = LogFormat::text}};
  enrolment::CertificateAuthority authority_ = make_authority(clock_);
  storage::BreakableStore store_;
  // Outlives the storage lanes: they post answers to it, and are not done with that when it runs
  // them.
  boost::asio::io_context lane_;
  StorageLanes storage_{store_, log_, StorageLanesOptions{}};
};

}  // namespace reveille
