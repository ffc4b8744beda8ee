// What a client does when APNs behaves.
#include <gtest/gtest.h>

#include "tests/dispatcher/apns/client_fixture.h"

namespace reveille::apns::test {
namespace {

TEST_F(ClientTest, APushCarriesTheHeadersAndTheBodyThatAppleAsksFor) {
  start_peer();
  start_client();

  submit_and_wait(0, 1);

  const auto record = peer->record();
  EXPECT_EQ(record.processed.begin()->first, path(0));
  EXPECT_EQ(record.headers.at(":method"), "POST");
  EXPECT_EQ(record.headers.at(":authority"), "127.0.0.1");
  EXPECT_EQ(record.headers.at("apns-topic"), "com.apple.mgmt.External.test");
  EXPECT_EQ(record.headers.at("apns-push-type"), "mdm");
  EXPECT_EQ(record.headers.at("apns-expiration"), "1900000000");
  EXPECT_EQ(record.headers.count("apns-priority"), 0u);
  EXPECT_EQ(record.headers.count("authorization"), 0u);
  EXPECT_EQ(record.headers.count("content-length"), 0u);
  EXPECT_EQ(record.body, R"({"mdm":")" + std::string(36, 'm') + R"("})");
  const auto outcome = outcomes_of(0).at(0);
  ASSERT_TRUE(outcome.response);
  EXPECT_EQ(outcome.response->apns_id.text(), record.headers.at("apns-id"));
  EXPECT_EQ(outcome.attempts, 1u);
}

TEST_F(ClientTest, EveryPushHasAnApnsIdOfItsOwn) {
  start_peer();
  start_client();

  submit_and_wait(0, 500);

  std::set<std::string> all;
  for (const auto& [path, ids] : peer->record().ids) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), 500u);
  EXPECT_EQ(all.begin()->size(), 36u);
}

TEST_F(ClientTest, ManyPushesGetOneOutcomeEachThroughOneConnection) {
  options.connections_max = 1;
  start_peer();
  start_client();

  submit_and_wait(0, 20'000);

  expect_all_accepted(20'000);
  const auto record = peer->record();
  EXPECT_EQ(record.doubles(), 0u);
  EXPECT_EQ(record.connections, 1u);
  EXPECT_GT(record.streams_most, 100u);
  EXPECT_LE(record.streams_most, 1'000u);
  const auto counted = statistics();
  EXPECT_EQ(counted.submitted, 20'000u);
  EXPECT_EQ(counted.accepted, 20'000u);
  EXPECT_EQ(counted.sent, 20'000u);
  EXPECT_EQ(counted.connects, 1u);
}

TEST_F(ClientTest, ManyThreadsMaySubmit) {
  start_peer();
  start_client();

  std::vector<std::jthread> threads;
  for (std::uint64_t i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] { submit(i * 2'000, 2'000); });
  }
  wait_for_outcomes(8'000);

  expect_all_accepted(8'000);
}

TEST_F(ClientTest, OneConnectionStandsReadyBeforeTheFirstPush) {
  start_peer();
  start_client();

  wait_until([&] { return statistics().connections == 1; }, "connected at rest");

  EXPECT_EQ(statistics().topic, "com.apple.mgmt.External.test");
}

TEST_F(ClientTest, ItConnectsMoreOftenWhenPushesWaitAndAllStreamsAreTaken) {
  options.connections_max = 3;
  Script script;
  script.limits.concurrent_streams_max = 10;
  script.holds_answers = true;
  start_peer(script);
  start_client();

  submit(0, 200);
  wait_until([&] { return peer->record().held == 30; }, "three connections, ten streams each");
  peer->release_answers();
  wait_for_outcomes(200);

  expect_all_accepted(200);
  EXPECT_EQ(peer->record().connections, 3u);
  EXPECT_LE(peer->record().streams_most, 10u);
}

TEST_F(ClientTest, ItGivesConnectionsBackWhenTheLoadIsGone) {
  options.connections_max = 3;
  options.shrink_after = 20ms;
  Script script;
  script.limits.concurrent_streams_max = 10;
  script.holds_answers = true;
  start_peer(script);
  start_client();
  submit(0, 200);
  wait_until([&] { return statistics().connections == 3; }, "three connections");

  peer->release_answers();
  wait_for_outcomes(200);
  wait_until([&] { return statistics().connections == 1; }, "one connection at rest");

  expect_all_accepted(200);
  wait_until([&] { return peer->record().goaways_received == 2; }, "two said goodbye");
}

TEST_F(ClientTest, AFullQueueRefusesAndTakesNothing) {
  options.queue_capacity = 50;
  options.connections_max = 1;
  Script script;
  script.limits.concurrent_streams_max = 10;
  script.holds_answers = true;
  start_peer(script);
  start_client();
  wait_until([&] { return statistics().streams_allowed == 10; }, "the limit was read");
  submit(0, 60);  // ten of them get streams
  wait_until([&] { return statistics().in_flight == 10; }, "streams taken");

  Push refused = push(60);
  EXPECT_FALSE(client->submit(refused));
  EXPECT_EQ(refused.notification.push_magic.text, push(60).notification.push_magic.text);
  EXPECT_EQ(statistics().waiting, 50u);
  peer->release_answers();
  wait_for_outcomes(60);

  expect_all_accepted(60);
  EXPECT_TRUE(client->submit(refused));
  wait_for_outcomes(61);
}

TEST_F(ClientTest, AnUrgentPushOvertakesABulkThatFillsTheQueue) {
  options.queue_capacity = 500;
  options.connections_max = 1;
  Script script;
  script.limits.concurrent_streams_max = 10;
  script.holds_answers = true;
  start_peer(script);
  start_client();
  wait_until([&] { return statistics().streams_allowed == 10; }, "the limit was read");
  submit(0, 510);
  wait_until([&] { return peer->record().held == 10 && statistics().waiting == 500; }, "full");
  ASSERT_FALSE(try_submit(510));

  EXPECT_TRUE(try_submit(1'000, Urgency::urgent));
  wait_until([&] { return statistics().waiting == 501 && peer->record().held == 10; }, "in flight");
  // Ten streams become free, and are taken again: one of them by the urgent one.
  peer->release_held();
  wait_until([&] { return peer->record().held == 10; }, "the next ten");
  peer->release_held();
  wait_until([&] { return outcomes_of(1'000).size() == 1; }, "the urgent one's outcome");
  EXPECT_LE(outcome_count(), 30u);
  peer->release_answers();
  wait_for_outcomes(511);
}

TEST_F(ClientTest, WithoutACertificateAPushFailsAtOnce) {
  start_peer();
  start_client_without_certificate();

  submit_and_wait(0, 1);

  EXPECT_EQ(outcomes_of(0).at(0).failure, "no push certificate");
  EXPECT_EQ(outcomes_of(0).at(0).attempts, 0u);
  set_certificate();
  wait_until([&] { return statistics().connections == 1; }, "connected");
  submit_and_wait(1, 1);
  EXPECT_TRUE(outcomes_of(1).at(0).response);
}

TEST_F(ClientTest, APushOfAnotherTopicFailsUnsent) {
  start_peer();
  start_client();
  Push other = push(0);
  other.topic = "com.apple.mgmt.External.other";
  ASSERT_TRUE(client->submit(other));
  submit(1, 1);
  wait_for_outcomes(2);

  const PushOutcome outcome = outcomes_of(0).at(0);
  EXPECT_TRUE(outcome.is_of_other_topic);
  EXPECT_EQ(outcome.failure, "no push certificate for topic com.apple.mgmt.External.other");
  EXPECT_EQ(outcome.attempts, 0u);
  EXPECT_EQ(statistics().sent, 1u);
  EXPECT_TRUE(outcomes_of(1).at(0).response);
}

TEST_F(ClientTest, WhatIsSubmittedAfterANewTopicsCertificateNeverMeetsTheOldOne) {
  start_peer();
  start_client();
  for (std::uint64_t round = 0; round < 50; ++round) {
    const std::string topic = "com.apple.mgmt.External." + std::to_string(round);
    client->set_certificate(authority().push_certificate(topic));
    Push one = push(round);
    one.topic = topic;
    ASSERT_TRUE(client->submit(one));
    wait_for_outcomes(round + 1);
  }
  expect_all_accepted(50);
}

TEST_F(ClientTest, ACertificateExchangedUnderLoadLosesNothing) {
  start_peer();
  start_client();

  for (std::uint64_t round = 0; round < 10; ++round) {
    submit(round * 1'000, 1'000);
    set_certificate();
  }
  wait_for_outcomes(10'000);

  expect_all_accepted(10'000);
  EXPECT_EQ(peer->record().doubles(), 0u);
  submit_and_wait(10'000, 1);
  EXPECT_GT(peer->record().connections, 1u);
}

TEST_F(ClientTest, StoppingWaitsForWhatIsInFlightAndFailsWhatWaits) {
  options.connections_max = 1;
  Script script;
  script.limits.concurrent_streams_max = 10;
  script.holds_answers = true;
  start_peer(script);
  start_client();
  wait_until([&] { return statistics().streams_allowed == 10; }, "the limit was read");
  submit(0, 30);
  wait_until([&] { return peer->record().held == 10; }, "ten in flight");

  auto done = std::make_shared<std::promise<void>>();
  auto stopped = done->get_future();
  client->stop(10s, [done] { done->set_value(); });
  wait_for_outcomes(20);
  EXPECT_FALSE(try_submit(99));
  EXPECT_EQ(stopped.wait_for(0s), std::future_status::timeout);
  peer->release_answers();
  ASSERT_EQ(stopped.wait_for(20s), std::future_status::ready);

  EXPECT_EQ(outcome_count(), 30u);
  for (std::uint64_t ticket = 0; ticket < 10; ++ticket) {
    EXPECT_TRUE(outcomes_of(ticket).at(0).response);
  }
  for (std::uint64_t ticket = 10; ticket < 30; ++ticket) {
    EXPECT_EQ(outcomes_of(ticket).at(0).failure, "stopping");
  }
  wait_until([&] { return peer->record().goaways_received == 1; }, "it said GOAWAY");
}

TEST_F(ClientTest, AStopThatCannotWaitFailsWhatIsInFlight) {
  Script script;
  script.holds_answers = true;
  start_peer(script);
  start_client();
  submit(0, 10);
  wait_until([&] { return peer->record().held == 10; }, "in flight");

  stop_client(20ms);

  EXPECT_EQ(outcome_count(), 10u);
  EXPECT_EQ(outcomes_of(0).at(0).failure, "stopping");
}

TEST_F(ClientTest, AnEndWithPushesInFlightLeavesNothingBehind) {
  Script script;
  script.holds_answers = true;
  start_peer(script);
  start_client();
  submit(0, 100);
  wait_until([&] { return peer->record().held == 100; }, "in flight");

  destroy_client();

  EXPECT_EQ(outcome_count(), 0u);
}

}  // namespace
}  // namespace reveille::apns::test
