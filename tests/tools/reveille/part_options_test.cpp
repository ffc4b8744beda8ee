#include "tools/reveille/part_options.h"

#include <gtest/gtest.h>

namespace reveille {
namespace {

// The defaults stand in two places: in the file that is printed, and in the parts' own options.
TEST(PartOptions, TheDefaultsAreThoseOfTheParts) {
  const apns::ClientOptions part;
  const apns::ClientOptions given = apns_options(Configuration{}, {});
  EXPECT_EQ(given.port, part.port);
  EXPECT_EQ(given.proxy_host, part.proxy_host);
  EXPECT_EQ(given.proxy_port, part.proxy_port);
  EXPECT_EQ(given.connections_max, part.connections_max);
  EXPECT_EQ(given.dials_per_minute_max, part.dials_per_minute_max);
  EXPECT_EQ(given.streams_per_connection_max, part.streams_per_connection_max);
  EXPECT_EQ(given.queue_capacity, part.queue_capacity);
  EXPECT_EQ(given.attempts_max, part.attempts_max);
  EXPECT_EQ(given.push_timeout, part.push_timeout);
  EXPECT_EQ(given.answer_timeout, part.answer_timeout);
  EXPECT_EQ(given.connect_timeout, part.connect_timeout);
  EXPECT_EQ(given.ping_after, part.ping_after);
  EXPECT_EQ(given.ping_idle, part.ping_idle);
  EXPECT_EQ(given.ping_timeout, part.ping_timeout);
  EXPECT_EQ(given.backoff_first, part.backoff_first);
  EXPECT_EQ(given.backoff_max, part.backoff_max);
  EXPECT_EQ(given.certificate_retry, part.certificate_retry);
  EXPECT_EQ(given.grow_after, part.grow_after);
  EXPECT_EQ(given.shrink_after, part.shrink_after);

  const wake::WakeOptions wakes;
  const wake::WakeOptions given_wakes = wake_options(Configuration{});
  EXPECT_EQ(given_wakes.in_flight_max, wakes.in_flight_max);
  EXPECT_EQ(given_wakes.topic_pushes_per_second_max, wakes.topic_pushes_per_second_max);
  EXPECT_EQ(given_wakes.requests_max, wakes.requests_max);
  EXPECT_EQ(given_wakes.silence, wakes.silence);
  EXPECT_EQ(given_wakes.long_silence, wakes.long_silence);
  EXPECT_EQ(given_wakes.unreachable_after, wakes.unreachable_after);
  EXPECT_EQ(given_wakes.retry_first, wakes.retry_first);
  EXPECT_EQ(given_wakes.retry_max, wakes.retry_max);
  EXPECT_EQ(given_wakes.token_busy_first, wakes.token_busy_first);
  EXPECT_EQ(given_wakes.topic_probe, wakes.topic_probe);
  EXPECT_EQ(given_wakes.expiration, wakes.expiration);
  EXPECT_EQ(given_wakes.expiration_max, wakes.expiration_max);
}

TEST(PartOptions, ThePushServiceCanBeReachedThroughAProxy) {
  Configuration configuration;
  configuration.apns.proxy_host = "proxy.example";
  configuration.apns.proxy_port = 8080;
  configuration.apns.port = 2197;
  const apns::ClientOptions options = apns_options(configuration, {});
  EXPECT_EQ(options.proxy_host, "proxy.example");
  EXPECT_EQ(options.proxy_port, 8080);
  EXPECT_EQ(options.port, 2197);
}

}  // namespace
}  // namespace reveille
