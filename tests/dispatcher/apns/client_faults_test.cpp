// What a client does when APNs, or the way to it, misbehaves: for each fault, nothing is lost,
// nothing is pushed twice but where the protocol leaves the outcome unknown, and the number of
// connections stays within its bound.
#include <gtest/gtest.h>

#include <limits>

#include "tests/dispatcher/apns/client_fixture.h"

namespace reveille::apns::test {
namespace {

class ClientFaultsTest : public ClientTest {
 protected:
  void expect_no_doubles() { EXPECT_EQ(peer->record().doubles(), 0u); }
  // Connections that take pushes, and those that drain.
  void expect_bounded_connections() {
    EXPECT_LE(peer->record().connections_most, 2 * options.connections_max);
  }
};

TEST_F(ClientFaultsTest, AGoawayEveryFewStreamsLosesAndDoublesNothing) {
  Script script;
  script.goaway_after = 500;
  start_peer(script);
  start_client();

  submit_and_wait(0, 10'000);

  expect_all_accepted(10'000);
  expect_no_doubles();
  expect_bounded_connections();
  EXPECT_GE(statistics().goaways, 10u);
  EXPECT_GE(peer->record().connections, 10u);
}

TEST_F(ClientFaultsTest, StreamsAboveTheLastOfAGoawayGoElsewhereWithoutCountingAnAttempt) {
  Script script;
  script.goaway_after = 200;
  script.goaway_leaves = 50;
  options.attempts_max = 1;
  start_peer(script);
  start_client();

  submit_and_wait(0, 5'000);

  expect_all_accepted(5'000);
  expect_no_doubles();
  expect_bounded_connections();
  EXPECT_GE(statistics().resubmitted_goaway, 50u);
  for (std::uint64_t ticket = 0; ticket < 5'000; ++ticket) {
    ASSERT_EQ(outcomes_of(ticket).at(0).attempts, 1u);
  }
}

TEST_F(ClientFaultsTest, StreamsBelowTheLastOfAGoawayAreWaitedFor) {
  Script script;
  script.goaway_after = 100;
  script.goaway_before_answers = true;
  script.faulty_connections = 1;
  start_peer(script);
  start_client();

  submit_and_wait(0, 150);

  expect_all_accepted(150);
  expect_no_doubles();
  EXPECT_EQ(statistics().resubmitted_lost, 0u);
  EXPECT_LE(peer->record().connections_most, 2u);
}

TEST_F(ClientFaultsTest, AReplacementIsOpenBeforeTheOldConnectionIsEmpty) {
  options.connections_max = 1;
  Script script;
  script.goaway_after = 100;
  script.stall_each = 50;  // the old connection stays: two of its streams never end
  script.faulty_connections = 1;
  start_peer(script);
  start_client();

  submit(0, 300);
  wait_for_outcomes(298);

  EXPECT_EQ(statistics().connections_draining, 1u);
  EXPECT_EQ(statistics().connections, 2u);
}

TEST_F(ClientFaultsTest, ADrainingConnectionEndsWithItsLastStreamThoughNothingIsReadAnyMore) {
  options.connections_max = 1;
  options.answer_timeout = 100ms;
  Script script;
  script.goaway_after = 100;
  script.stall_each = 50;
  script.faulty_connections = 1;
  start_peer(script);
  start_client();

  submit_and_wait(0, 300);
  wait_until([&] { return statistics().connections == 1; }, "the old connection is closed");

  expect_all_accepted(300);
  EXPECT_EQ(statistics().resubmitted_unanswered, 2u);
}

TEST_F(ClientFaultsTest, AConnectionWhoseStreamIdsRunOutIsReplacedAndLosesNothing) {
  options.connections_max = 1;
  options.first_stream_id = std::numeric_limits<std::int32_t>::max() - 2 * 99;
  start_peer();
  start_client();

  submit_and_wait(0, 1'000);
  wait_until([&] { return peer->record().goaways_received == 10; }, "each was left in order");

  expect_all_accepted(1'000);
  expect_no_doubles();
  expect_bounded_connections();
  EXPECT_GE(peer->record().connections, 10u) << "of a hundred streams each";
  EXPECT_EQ(statistics().sent, 1'000u) << "none was sent twice";
}

TEST_F(ClientFaultsTest, RefusedStreamsAreSentAgainAtOnceWithoutCountingAnAttempt) {
  Script script;
  script.refuse_each = 7;
  options.attempts_max = 1;
  start_peer(script);
  start_client();

  submit_and_wait(0, 5'000);

  expect_all_accepted(5'000);
  expect_no_doubles();
  EXPECT_GE(statistics().resubmitted_refused, 700u);
  EXPECT_EQ(statistics().connects, peer->record().connections);
}

TEST_F(ClientFaultsTest, APeerThatRefusesEverythingIsNotAskedInABusyLoop) {
  options.push_timeout = 300ms;
  options.refused_pause = 50ms;
  options.connections_max = 1;
  Script script;
  script.refuse_each = 1;
  start_peer(script);
  start_client();

  submit_and_wait(0, 1);

  EXPECT_EQ(outcomes_of(0).at(0).failure, "timed out");
  EXPECT_LE(peer->record().requests, 12u);
}

TEST_F(ClientFaultsTest, ResetStreamsAreSentAgainWithTheSameApnsId) {
  Script script;
  script.reset_each = 5;
  options.attempts_max = 20;
  start_peer(script);
  start_client();

  submit_and_wait(0, 2'000);

  expect_all_accepted(2'000);
  expect_no_doubles();  // this peer resets instead of processing
  EXPECT_GE(statistics().resubmitted_reset, 400u);
  for (const auto& [path, ids] : peer->record().ids) EXPECT_EQ(ids.size(), 1u);
}

TEST_F(ClientFaultsTest, APushThatIsResetEachTimeFailsAfterItsAttempts) {
  Script script;
  script.reset_each = 1;
  start_peer(script);
  start_client();

  submit_and_wait(0, 10);

  EXPECT_EQ(outcomes_of(0).at(0).failure, "stream reset");
  EXPECT_EQ(outcomes_of(0).at(0).attempts, 3u);
  EXPECT_EQ(peer->record().requests, 30u);
  EXPECT_EQ(statistics().failed, 10u);
}

TEST_F(ClientFaultsTest, StalledStreamsAreCancelledAndSentElsewhere) {
  options.answer_timeout = 300ms;
  options.attempts_max = 20;
  Script script;
  script.stall_each = 100;
  start_peer(script);
  start_client();

  submit_and_wait(0, 2'000);

  expect_all_accepted(2'000);
  // On a slow machine an answer may come later than that as well: its outcome is unknown, too.
  EXPECT_LE(peer->record().doubles(), statistics().resubmitted_unanswered - 20);
  EXPECT_GE(statistics().resubmitted_unanswered, 20u);
}

TEST_F(ClientFaultsTest, PushesThatEndBeforeTheirAnswerWasLateDoNotBlameTheConnection) {
  options.push_timeout = 200ms;  // long before answer_timeout: as after a long wait for a stream
  options.connections_max = 1;
  Script script;
  script.holds_answers = true;
  start_peer(script);
  start_client();

  submit_and_wait(0, 50);

  EXPECT_EQ(outcomes_of(0).at(0).failure, "timed out");
  EXPECT_EQ(statistics().retired, 0u);
  EXPECT_EQ(statistics().connects, 1u);
}

TEST_F(ClientFaultsTest, APushThatIsNeverAnsweredTimesOutOnce) {
  options.push_timeout = 100ms;
  Script script;
  script.stall_each = 1;
  start_peer(script);
  start_client();

  submit_and_wait(0, 50);
  submit_and_wait(50, 50);

  EXPECT_EQ(outcome_count(), 100u);
  EXPECT_EQ(outcomes_of(0).at(0).failure, "timed out");
  EXPECT_GE(outcomes_of(0).at(0).latency, 100ms);
  EXPECT_LT(outcomes_of(0).at(0).latency, 5s);
  EXPECT_EQ(statistics().timed_out, 100u);
}

TEST_F(ClientFaultsTest, AConnectionThatStallsEveryStreamIsReplaced) {
  options.answer_timeout = 50ms;
  options.connections_max = 1;
  Script script;
  script.stall_each = 1;
  script.faulty_connections = 1;
  start_peer(script);
  start_client();

  submit_and_wait(0, 100);

  expect_all_accepted(100);
  EXPECT_EQ(statistics().retired, 1u);
  EXPECT_EQ(peer->record().connections, 2u);
}

TEST_F(ClientFaultsTest, ASilentConnectionIsPingedAndDroppedAndItsPushesGoElsewhere) {
  options.ping_after = 50ms;
  options.ping_timeout = 50ms;
  options.connections_max = 1;
  Script script;
  script.silent_after = 100;
  script.faulty_connections = 1;
  start_peer(script);
  start_client();

  submit_and_wait(0, 1'000);

  expect_all_accepted(1'000);
  EXPECT_GE(statistics().pings, 1u);
  EXPECT_GE(statistics().resubmitted_lost, 1u);
  EXPECT_EQ(peer->record().connections, 2u);
}

TEST_F(ClientFaultsTest, AnIdleConnectionIsPingedAndLivesWhenItAnswers) {
  options.ping_idle = 20ms;
  start_peer();
  start_client();
  submit_and_wait(0, 1);

  wait_until([&] { return statistics().pings >= 3; }, "pinged while idle");

  EXPECT_EQ(peer->record().connections, 1u);
  EXPECT_EQ(statistics().connections, 1u);
}

TEST_F(ClientFaultsTest, AConnectionThatNeverSpeaksIsDropped) {
  options.ping_after = 50ms;
  options.ping_timeout = 50ms;
  Script script;
  script.silent_from_the_start = 2;
  start_peer(script);
  start_client();

  submit_and_wait(0, 500);

  expect_all_accepted(500);
  expect_bounded_connections();
}

TEST_F(ClientFaultsTest, ConnectionsCutMidFlightLoseNothing) {
  Script script;
  script.cut_after = 300;
  options.attempts_max = 100;
  start_peer(script);
  start_client();

  submit_and_wait(0, 5'000);

  expect_all_accepted(5'000);
  expect_bounded_connections();
  const auto counted = statistics();
  EXPECT_GE(counted.resubmitted_lost, 1u);
  EXPECT_LE(peer->record().doubles(), counted.resubmitted_lost);
}

TEST_F(ClientFaultsTest, ALoweredAndARaisedStreamLimitAreFollowed) {
  options.connections_max = 1;
  Script script;
  script.limits.concurrent_streams_max = 100;
  script.holds_answers = true;
  start_peer(script);
  start_client();
  wait_until([&] { return statistics().streams_allowed == 100; }, "connected");
  submit(0, 1'000);
  wait_until([&] { return peer->record().held == 100; }, "the first limit");

  peer->change_stream_limit(400);
  wait_until([&] { return peer->record().held == 400; }, "the raised limit");
  peer->change_stream_limit(1);
  peer->release_answers();
  wait_for_outcomes(1'000);

  expect_all_accepted(1'000);
  expect_no_doubles();
  EXPECT_EQ(peer->record().streams_most, 400u);
  EXPECT_EQ(statistics().resubmitted_refused, 0u);
  EXPECT_EQ(statistics().streams_allowed, 1u);
}

TEST_F(ClientFaultsTest, ALimitOfNoStreamsHoldsPushesUntilItRises) {
  Script script;
  script.limits.concurrent_streams_max = 0;
  options.connections_max = 1;
  start_peer(script);
  start_client();
  wait_until([&] { return statistics().connections == 1 && statistics().streams_allowed == 0; },
             "the limit was read");
  submit(0, 50);
  wait_until([&] { return statistics().waiting == 50; }, "all wait");

  peer->change_stream_limit(5);
  wait_for_outcomes(50);

  expect_all_accepted(50);
}

TEST_F(ClientFaultsTest, SmallWindowsSplitBodiesAndLoseNothing) {
  Script script;
  script.limits.initial_window_bytes = 100;
  start_peer(script);
  start_client();

  submit(0, 2'000, 2'000);  // 4 MB through a connection window of 65,535 bytes
  wait_for_outcomes(2'000);

  expect_all_accepted(2'000);
  expect_no_doubles();
  EXPECT_EQ(peer->record().body.size(), 2'000 + std::string_view(R"({"mdm":""})").size());
}

TEST_F(ClientFaultsTest, OtherStatusesAreOutcomesNotFaults) {
  Script script;
  script.unavailable_each = 2;
  start_peer(script);
  start_client();

  submit_and_wait(0, 100);

  std::size_t unavailable = 0;
  for (std::uint64_t ticket = 0; ticket < 100; ++ticket) {
    const auto outcome = outcomes_of(ticket).at(0);
    ASSERT_TRUE(outcome.response);
    if (outcome.response->status == 503) {
      ++unavailable;
      EXPECT_EQ(outcome.response->reason, Reason::service_unavailable);
    }
  }
  EXPECT_EQ(unavailable, 50u);
  EXPECT_EQ(statistics().rejected, 50u);
  EXPECT_EQ(peer->record().connections, 1u);
}

TEST_F(ClientFaultsTest, AShutdownIsRetriedOnANewConnection) {
  options.connections_max = 1;
  Script script;
  script.shutdown_each = 50;
  script.faulty_connections = 1;
  start_peer(script);
  start_client();

  submit_and_wait(0, 200);

  expect_all_accepted(200);
  EXPECT_EQ(peer->record().connections, 2u);
}

TEST_F(ClientFaultsTest, AConnectionFarSlowerThanItsSiblingIsReplaced) {
  options.connections_max = 2;
  options.slower_by = 50ms;
  options.shrink_after = 60s;
  Script script;
  script.limits.concurrent_streams_max = 40;
  script.late_by = 150ms;  // on the first connection alone
  start_peer(script);
  start_client();

  submit(0, 30'000);
  wait_until([&] { return statistics().retired >= 1; }, "the slow one is given up");
  wait_for_outcomes(30'000);

  expect_all_accepted(30'000);
  expect_no_doubles();
  EXPECT_GE(peer->record().connections, 3u);
}

TEST_F(ClientFaultsTest, AServerOfAnotherAuthorityIsNotTrusted) {
  options.push_timeout = 200ms;
  start_peer();
  const TestAuthority stranger;
  peer->use_tls(stranger.server_context());
  start_client();

  submit_and_wait(0, 5);

  EXPECT_EQ(outcomes_of(0).at(0).failure, "no connection to APNs");
  EXPECT_NE(statistics().last_connect_error.find("certificate verify failed"), std::string::npos)
      << statistics().last_connect_error;
  EXPECT_FALSE(statistics().certificate_refused);
  EXPECT_EQ(peer->record().requests, 0u);
}

TEST_F(ClientFaultsTest, ARefusedCertificateStopsTheLoopUntilANewOneComes) {
  start_peer();
  peer->use_tls(authority().refusing_context());
  start_client();
  wait_until([&] { return statistics().certificate_refused; }, "the alert was understood");
  const std::size_t dials = statistics().dials;

  submit_and_wait(0, 20);

  EXPECT_NE(outcomes_of(0).at(0).failure.find("APNs refuses the push certificate"),
            std::string::npos);
  EXPECT_EQ(statistics().dials, dials);
  peer->use_tls(authority().server_context());
  set_certificate();
  wait_until([&] { return statistics().connections == 1; }, "connected");
  submit_and_wait(100, 1);
  EXPECT_TRUE(outcomes_of(100).at(0).response);
  EXPECT_FALSE(statistics().certificate_refused);
}

TEST_F(ClientFaultsTest, ARefusedCertificateIsTriedAgainAfterLong) {
  options.certificate_retry = 50ms;
  start_peer();
  peer->use_tls(authority().refusing_context());
  start_client();
  wait_until([&] { return statistics().certificate_refused; }, "the alert was understood");

  peer->use_tls(authority().server_context());
  wait_until([&] { return statistics().connections == 1; }, "connected again");

  submit_and_wait(0, 1);
  expect_all_accepted(1);
}

TEST_F(ClientFaultsTest, PushesWaitWhileAPNsCannotBeReachedAndGoWhenItIsBack) {
  start_peer();
  peer->stop_listening();
  start_client();
  submit(0, 1'000);
  wait_until([&] { return statistics().connect_failures >= 3; }, "it tries again");
  EXPECT_EQ(outcome_count(), 0u);

  peer->listen_again();
  wait_for_outcomes(1'000);

  expect_all_accepted(1'000);
  expect_no_doubles();
}

TEST_F(ClientFaultsTest, PushesFailInTimeWhenAPNsStaysUnreachable) {
  options.push_timeout = 100ms;
  start_peer();
  peer->stop_listening();
  start_client();

  submit_and_wait(0, 100);

  EXPECT_EQ(outcomes_of(99).at(0).failure, "no connection to APNs");
  EXPECT_LT(outcomes_of(99).at(0).latency, 5s);
}

TEST_F(ClientFaultsTest, AServerThatNeverShakesHandsIsGivenUpAtTheConnectDeadline) {
  options.connect_timeout = 50ms;
  options.push_timeout = 400ms;
  // The kernel completes the TCP handshake; nobody ever accepts.
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor mute(context, {boost::asio::ip::address_v4::loopback(), 0});
  options.port = mute.local_endpoint().port();
  start_client();

  submit_and_wait(0, 10);

  EXPECT_EQ(outcomes_of(0).at(0).failure, "no connection to APNs");
  EXPECT_GE(statistics().connect_failures, 2u) << "it tried again";
  EXPECT_EQ(statistics().connects, 0u);
  EXPECT_EQ(statistics().sent, 0u);
}

TEST_F(ClientFaultsTest, NewConnectionsPerMinuteAreBoundedWhateverHappens) {
  options.dials_per_minute_max = 5;
  options.push_timeout = 500ms;
  Script script;
  script.goaway_after = 1;
  start_peer(script);
  start_client();

  submit_and_wait(0, 100);

  EXPECT_LE(peer->record().connections, 5u);
  EXPECT_EQ(statistics().dials, 5u);
}

TEST_F(ClientFaultsTest, APeerThatSaysGoawayAtOnceIsNotDialledInABusyLoop) {
  options.backoff_first = 50ms;
  options.backoff_max = 50ms;
  Script script;
  script.goaway_at_once = 3;
  start_peer(script);
  start_client();

  submit_and_wait(0, 100);

  expect_all_accepted(100);
  expect_no_doubles();
  EXPECT_EQ(peer->record().connections, 4u);
  EXPECT_EQ(statistics().connect_failures, 3u);
}

TEST_F(ClientFaultsTest, ANameWithAnAddressThatFailsIsSurvived) {
  options.host = "localhost";  // ::1 as well, where nobody listens
  start_peer();
  start_client();

  submit_and_wait(0, 100);

  expect_all_accepted(100);
}

TEST_F(ClientFaultsTest, AllFaultsAtOnceLoseNothing) {
  options.connections_max = 3;
  options.attempts_max = 200;
  options.answer_timeout = 300ms;
  options.ping_after = 200ms;
  options.ping_timeout = 200ms;
  options.push_timeout = 35s;
  Script script;
  script.refuse_each = 53;
  script.reset_each = 59;
  script.stall_each = 997;
  script.shutdown_each = 1'999;
  script.goaway_after = 1'500;
  script.goaway_leaves = 40;
  script.cut_after = 3'001;
  script.change_limit_after = 700;
  script.changed_limit = 300;
  start_peer(script);
  start_client();

  submit(0, 10'000);
  peer->change_script([](Script& changed) { changed.cut_after = 900; });
  set_certificate();
  peer->change_stream_limit(50);
  submit(10'000, 5'000);
  peer->change_script([](Script& changed) {
    changed.cut_after = 0;
    changed.silent_after = 1'200;
  });
  submit(15'000, 5'000);
  wait_for_outcomes(20'000);

  expect_all_accepted(20'000);
  expect_bounded_connections();
  const auto counted = statistics();
  EXPECT_LE(peer->record().doubles(), counted.resubmitted_lost + counted.resubmitted_unanswered);
  EXPECT_EQ(counted.accepted, 20'000u);
  EXPECT_EQ(counted.failed, 0u);
}

}  // namespace
}  // namespace reveille::apns::test
