#include <algorithm>

#include "wake_world.h"

// A lane's stages together, with the time turned by hand and the test answering for APNs.
namespace reveille::wake {
namespace {

using Ids = std::vector<std::string>;

class PipelineTest : public testing::Test, protected PipelineWorld {
 protected:
  void enqueue(const std::string& id) {
    ASSERT_TRUE(fleet.enqueue(id, now.wall));
    notify(id);
  }
  void enrol_with_work(const std::string& id, const std::string& topic = topic_a) {
    fleet.enrol(id, now.wall, topic);
    enqueue(id);
  }
  // Given up after 100 hours of silence.
  void start_with_a_dead_token(const std::string& id) {
    WakeOptions options;
    options.unreachable_after = 100h;
    start(options);
    enrol_with_work(id);
    settle();
    answer(410, "Unregistered");
    settle();
  }
  void connect(const std::string& id) {
    fleet.connect(id, now.wall);
    notify(id);
  }
  void request(const std::string& id, storage::Priority priority = storage::Priority::urgent) {
    ASSERT_TRUE(pipeline->can_take_request(priority));
    storage::DueWake target = fleet.target(id);
    target.priority = priority;
    pipeline->request(std::move(target), reply_into(results), now);
  }
  std::size_t pushes_to(const std::string& id) {
    return static_cast<std::size_t>(std::ranges::count(history, id));
  }

  std::vector<WakeResult> results;
};

// ---- urgent ----

TEST_F(PipelineTest, AnUrgentWakeOvertakesWhatFillsTheLane) {
  WakeOptions options;
  options.in_flight_max = 64;
  start(options);
  for (int i = 0; i < 200; ++i) enrol_with_work("bulk-" + std::to_string(i));
  settle();
  client_is_full = true;
  const std::size_t before = history.size();
  fleet.enrol("hurry", now.wall);
  fleet.enqueue("hurry", now.wall, storage::Priority::urgent);
  notify("hurry", storage::Priority::urgent);
  settle();
  client_is_full = false;
  pass(1s);
  settle();

  ASSERT_GT(history.size(), before);
  EXPECT_EQ(history[before], "hurry");
}

TEST_F(PipelineTest, AnUrgentWakeIsFoundWithoutTheDistanceThatBulkKeeps) {
  WakeOptions options;
  options.in_flight_max = 4'096;
  start(options);
  for (int i = 0; i < 1'600; ++i) enrol_with_work("bulk-" + std::to_string(i));
  settle();
  fleet.enrol("hurry", now.wall);
  fleet.enqueue("hurry", now.wall, storage::Priority::urgent);
  notify("hurry", storage::Priority::urgent);
  const std::size_t read_before = wakes_read;
  settle();

  EXPECT_EQ(history.back(), "hurry") << "no time has passed";
  EXPECT_LE(wakes_read - read_before, 64u) << "and not all that is in flight was looked at";
}

TEST_F(PipelineTest, WorkThatMakesAWaitingWakeUrgentLetsItOvertake) {
  client_is_full = true;
  for (const char* id : {"first", "second", "third"}) enrol_with_work(id);
  settle();
  fleet.enqueue("third", now.wall, storage::Priority::urgent);
  notify("third", storage::Priority::urgent);
  settle();
  client_is_full = false;
  pass(1s);
  settle();
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(history.front(), "third");
}

TEST_F(PipelineTest, UrgentWorkDuringItsPushIsServedByThatPush) {
  enrol_with_work("phone");
  settle();
  fleet.enqueue("phone", now.wall, storage::Priority::urgent);
  notify("phone", storage::Priority::urgent);
  settle();
  answer();
  settle();
  EXPECT_EQ(pushes_to("phone"), 1u);
}

TEST_F(PipelineTest, ManyUrgentWakesAreAllPushedOnce) {
  WakeOptions options;
  options.in_flight_max = 64;
  start(options);
  for (int i = 0; i < 500; ++i) {
    const std::string id = "hurry-" + std::to_string(i);
    fleet.enrol(id, now.wall);
    fleet.enqueue(id, now.wall, storage::Priority::urgent);
    notify(id, storage::Priority::urgent);
  }
  settle();
  for (int i = 0; i < 500; ++i) {
    if (pushes.empty()) pass_to_next();
    ASSERT_FALSE(pushes.empty()) << i;
    answer();
    settle();
  }
  EXPECT_EQ(history.size(), 500u);
  EXPECT_EQ(Ids(history.begin(), history.end()).size(), 500u);
  std::ranges::sort(history);
  EXPECT_EQ(std::ranges::adjacent_find(history), history.end()) << "nobody twice";
}

TEST_F(PipelineTest, AnUrgentWakeDoesNotPushATokenThatRests) {
  enrol_with_work("phone");
  settle();
  answer(429, "TooManyRequests");
  settle();
  fleet.enqueue("phone", now.wall, storage::Priority::urgent);
  notify("phone", storage::Priority::urgent);
  settle();
  EXPECT_EQ(pushes_to("phone"), 1u);
}

// ---- due ----

TEST_F(PipelineTest, WhoGetsWorkIsPushedAtOnceWithWhatItsTokenUpdateSaid) {
  enrol_with_work("phone");
  settle();

  ASSERT_EQ(waiting(), Ids{"phone"});
  const apns::Notification& notification = pushes.front().notification;
  EXPECT_EQ(notification.push_magic.text, "magic of phone");
  EXPECT_EQ(notification.expiration, std::chrono::ceil<std::chrono::hours>(now.wall) + 7 * 24h);
}

TEST_F(PipelineTest, WhoHasNoWorkIsLeftInPeace) {
  fleet.enrol("phone", now.wall);
  notify("phone");
  settle();
  pass(72h);
  settle();
  EXPECT_EQ(history, Ids{});
}

TEST_F(PipelineTest, ASilentDeviceIsWokenAgainAtGrowingIntervals) {
  enrol_with_work("phone");
  settle();
  const auto start = now.wall;
  std::vector<std::chrono::milliseconds> times;
  while (times.size() < 8) {
    if (pushes.empty()) {
      pass_to_next();
      continue;
    }
    times.push_back(now.wall - start);
    answer();
    settle();
  }
  const std::vector<std::chrono::seconds> silence{30s,     120s,    480s,   1'800s,
                                                  14'400s, 86'400s, 86'400s};
  for (std::size_t i = 0; i < silence.size(); ++i) {
    const auto gap = times[i + 1] - times[i];
    EXPECT_GE(gap, silence[i] * 9 / 10) << i;
    EXPECT_LE(gap, silence[i] * 11 / 10 + 1s) << i;
  }
}

TEST_F(PipelineTest, ADeviceThatStaysSilentForLongIsWokenForNewWorkAloneAlsoAfterACrash) {
  WakeOptions options;
  options.silence = {1h, 24h};
  options.long_silence = 72h;
  start(options);
  const auto live_for = [&](std::chrono::hours time) {
    for (const auto end = now.wall + time; now.wall < end;) {
      pass_to_next();
      while (!pushes.empty()) answer();
      settle();
    }
  };
  enrol_with_work("phone");
  live_for(24h * 30);
  const std::size_t of_silence = pushes_to("phone");
  EXPECT_EQ(of_silence, 4u) << "at once, after an hour, a day and two";
  EXPECT_TRUE(fleet.has_work("phone"));
  EXPECT_FALSE(fleet.wake_state("phone").due_at);

  start(options);
  live_for(24h * 30);
  EXPECT_EQ(pushes_to("phone"), of_silence);

  enqueue("phone");
  start(options);  // before it was pushed
  live_for(24h * 30);
  EXPECT_EQ(pushes_to("phone"), of_silence + 1) << "once";

  connect("phone");
  enqueue("phone");
  live_for(24h * 30);
  EXPECT_EQ(pushes_to("phone"), of_silence + 5) << "a new silence begins";
}

TEST_F(PipelineTest, ADeviceThatConnectsIsNotWokenAgain) {
  enrol_with_work("phone");
  settle();
  answer();
  settle();
  connect("phone");
  settle();
  pass(72h);
  settle();
  EXPECT_EQ(history, Ids{"phone"});
}

TEST_F(PipelineTest, AWakeThatBecomesDueBehindTheCursorIsFound) {
  for (int i = 0; i < 20; ++i) enrol_with_work("device-" + std::to_string(i));
  settle();
  while (!pushes.empty()) answer();
  settle();
  for (int i = 0; i < 20; ++i) {
    const std::string id = "late-" + std::to_string(i);
    fleet.enrol(id, now.wall - 5min);
    fleet.enqueue(id, now.wall - 5min);  // took its time before it waited for the storage lane
    notify(id);
  }
  settle();
  EXPECT_EQ(pushes.size(), 20u);
}

TEST_F(PipelineTest, AWakeThatNobodyWasToldOfIsFoundWithinTheRereadInterval) {
  settle();
  fleet.enrol("phone", now.wall);
  fleet.enqueue("phone", now.wall);
  settle();
  EXPECT_EQ(history, Ids{});
  pass_to_next();
  EXPECT_EQ(history, Ids{"phone"});
}

TEST_F(PipelineTest, AClockThatIsSetBackLosesNoWake) {
  now.wall += 24h * 365;  // wrong by a year
  enrol_with_work("phone");
  settle();
  answer();
  settle();
  connect("phone");
  settle();

  now.wall -= 24h * 365;
  enqueue("phone");
  settle();
  enrol_with_work("tablet");
  settle();
  EXPECT_EQ(history, (Ids{"phone", "phone", "tablet"}));
}

TEST_F(PipelineTest, SleepsUntilTheNextWakeIsDue) {
  fleet.enrol("phone", now.wall);
  fleet.enqueue("phone", now.wall);
  fleet.reschedule("phone", now.wall + 7s, now.wall);
  settle();
  EXPECT_EQ(next, now.steady + 7s);
  pass(6'999ms);
  settle();
  EXPECT_EQ(history, Ids{});
  pass(1ms);
  settle();
  EXPECT_EQ(history, Ids{"phone"});
}

TEST_F(PipelineTest, NeverHoldsMoreThanInFlightMaxAndGetsRoundToAll) {
  WakeOptions options;
  options.in_flight_max = 8;
  start(options);
  for (int i = 0; i < 100; ++i) enrol_with_work("device-" + std::to_string(i));
  for (int answers = 0; answers < 100; ++answers) {
    settle();
    ASSERT_LE(pipeline->gauges(now).in_flight, 8u);
    ASSERT_FALSE(pushes.empty());
    answer();
  }
  settle();
  EXPECT_TRUE(pushes.empty());
  std::ranges::sort(history);
  EXPECT_EQ(std::ranges::adjacent_find(history), history.end()) << "nobody is pushed twice";
}

TEST_F(PipelineTest, ALaneWithASinglePlaceWorks) {
  WakeOptions options;
  options.in_flight_max = 1;
  start(options);
  for (int i = 0; i < 5; ++i) enrol_with_work("device-" + std::to_string(i));
  for (int i = 0; i < 5; ++i) {
    settle();
    ASSERT_EQ(pushes.size(), 1u);
    answer();
  }
  settle();
  EXPECT_EQ(history.size(), 5u);
}

TEST_F(PipelineTest, LookingAgainAtWhatIsInFlightKeepsADistance) {
  for (int i = 0; i < 4'000; ++i) enrol_with_work("device-" + std::to_string(i));
  settle();
  ASSERT_EQ(pushes.size(), 4'000u);
  wakes_read = 0;
  for (int i = 0; i < 1'000; ++i) {  // one second in which devices connect all the time
    connect("device-" + std::to_string(i));
    settle();
    pass(1ms);
  }
  EXPECT_LE(wakes_read, 6u * 4'000);
  EXPECT_EQ(history.size(), 4'000u);
}

TEST_F(PipelineTest, AStoreThatFailsIsAskedAgainWithPauses) {
  store_fails = true;
  enrol_with_work("phone");
  settle();
  for (int i = 0; i < 20; ++i) pass_to_next();
  EXPECT_GT(now.steady, Clock::SteadyTime{} + 1h + 10s);
  EXPECT_EQ(history, Ids{});

  store_fails = false;
  for (int i = 0; i < 40 && history.empty(); ++i) pass_to_next();
  EXPECT_EQ(history, Ids{"phone"});
}

// ---- coalesce ----

TEST_F(PipelineTest, AnyNumberOfCommandsMakesOnePush) {
  enrol_with_work("phone");
  settle();
  for (int i = 0; i < 10; ++i) {
    enqueue("phone");
    settle();
  }
  answer();
  settle();
  enqueue("phone");
  settle();
  EXPECT_EQ(history, Ids{"phone"});
}

TEST_F(PipelineTest,
       WorkThatComesAfterTheDeviceConnectedIsPushedThoughThePushBeforeHasNoAnswerYet) {
  enrol_with_work("phone");
  settle();
  connect("phone");  // the push arrived; its answer did not
  pass(1s);
  enqueue("phone");
  settle();
  EXPECT_EQ(waiting(), Ids{"phone"}) << "one push of an enrolment is under way at a time";

  answer();
  settle();
  EXPECT_EQ(waiting(), Ids{"phone"});
  EXPECT_EQ(pushes_to("phone"), 2u);
  answer();
  settle();
  EXPECT_EQ(fleet.wake_state("phone").attempts, 1u);
}

TEST_F(PipelineTest, AReadFromBeforeTheRecordDoesNotPushAgain) {
  enrol_with_work("phone");
  settle();
  notify("phone");
  pipeline->advance(now);  // the read is on its way
  answer();
  pipeline->advance(now);  // and the record behind it
  settle();
  EXPECT_EQ(history, Ids{"phone"});
}

TEST_F(PipelineTest, ARequestSharesThePushThatIsUnderWay) {
  enrol_with_work("phone");
  settle();
  request("phone");
  request("phone");
  settle();
  EXPECT_EQ(waiting(), Ids{"phone"});
  EXPECT_TRUE(results.empty());

  answer();
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].response->status, 200);
  EXPECT_EQ(pipeline->counters().coalesced, 2u);
}

TEST_F(PipelineTest, ARequestPushesWhoHasNoWork) {
  fleet.enrol("phone", now.wall);
  request("phone");
  settle();
  EXPECT_EQ(waiting(), Ids{"phone"});
  answer();
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].enrolment.text(), "phone");
  settle();
  EXPECT_EQ(pipeline->gauges(now).in_flight, 0u);
}

TEST_F(PipelineTest, ARequestWhoseWakeIsDueInTheStoreTooMakesOnePush) {
  fleet.enrol("phone", now.wall);
  fleet.request("phone", now.wall);
  request("phone");
  settle();
  answer();
  settle();
  pass(60s);
  settle();
  EXPECT_EQ(history, Ids{"phone"});
}

TEST_F(PipelineTest, ARequestWithALaterTokenIsPushedToThatToken) {
  enrol_with_work("phone");
  settle();
  pass(1s);
  fleet.update_token("phone", now.wall, "token of new phone");
  request("phone");
  settle();
  apns::PushOutcome dead;
  dead.response.emplace();
  dead.response->status = 410;
  answer_at(0, std::move(dead));
  EXPECT_TRUE(results.empty()) << "the old token's end is no answer to it";
  settle();
  EXPECT_EQ(waiting(), Ids{"new phone"});
  answer();
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].response->status, 200);
  settle();
  EXPECT_FALSE(fleet.is_parked("phone"));
}

TEST_F(PipelineTest, ARequestAfterTheOutcomeAndBeforeItsRecordIsPushedAnew) {
  enrol_with_work("phone");
  settle();
  answer();
  request("phone");
  settle();
  EXPECT_EQ(waiting(), Ids{"phone"});
  answer();
  EXPECT_EQ(results.size(), 1u);
}

// ---- pace, push ----

TEST_F(PipelineTest, RequestsOvertakeTheBulk) {
  WakeOptions options;
  options.pushes_per_second_max = 10;
  start(options);
  for (int i = 0; i < 50; ++i) enrol_with_work("device-" + std::to_string(i));
  settle();
  ASSERT_EQ(history.size(), 1u);
  request("device-49");
  fleet.enrol("phone", now.wall);
  request("phone");
  for (int i = 0; i < 2; ++i) pass_to_next();
  EXPECT_EQ(Ids(history.begin() + 1, history.end()), (Ids{"device-49", "phone"}));
}

TEST_F(PipelineTest, ARequestFindsAPlaceWhenTheBulkHasTakenItsOwn) {
  WakeOptions options;
  options.in_flight_max = 8;
  start(options);
  for (int i = 0; i < 50; ++i) enrol_with_work("device-" + std::to_string(i));
  settle();
  EXPECT_EQ(pushes.size(), 7u);
  fleet.enrol("phone", now.wall);
  request("phone");
  settle();
  EXPECT_EQ(waiting().back(), "phone");
  EXPECT_FALSE(pipeline->can_take_request(storage::Priority::urgent));
  answer();
  settle();
  EXPECT_TRUE(pipeline->can_take_request(storage::Priority::urgent));
}

TEST_F(PipelineTest, ALargeFanOutsRequestsDoNotOvertakeAndLeavePlacesToUrgentOnes) {
  WakeOptions options;
  options.in_flight_max = 8;
  start(options);
  for (int i = 0; i < 7; ++i) {
    fleet.enrol("named-" + std::to_string(i), now.wall);
    request("named-" + std::to_string(i), storage::Priority::bulk);
  }
  EXPECT_FALSE(pipeline->can_take_request(storage::Priority::bulk));
  client_is_full = true;
  settle();
  fleet.enrol("phone", now.wall);
  request("phone");
  client_is_full = false;
  pass_to_next();
  EXPECT_EQ(history.front(), "phone");
  EXPECT_EQ(history.size(), 8u);
  EXPECT_EQ(pushes.front().urgency, Urgency::urgent);
  EXPECT_EQ(pushes.back().urgency, Urgency::bulk);
}

TEST_F(PipelineTest, AFloodOfUrgentWakesLeavesPlacesAndTurnsToTheBulk) {
  WakeOptions options;
  options.in_flight_max = 64;
  options.pushes_per_second_max = 100;
  start(options);
  for (int i = 0; i < 200; ++i) {
    const std::string id = "urgent-" + std::to_string(i);
    fleet.enrol(id, now.wall);
    fleet.enqueue(id, now.wall, storage::Priority::urgent);
    notify(id, storage::Priority::urgent);
  }
  for (int i = 0; i < 20; ++i) enrol_with_work("bulk-" + std::to_string(i));
  for (int i = 0; i < 200 && history.size() < 100; ++i) {
    pass_to_next();
    while (!pushes.empty()) answer();
  }
  ASSERT_GE(history.size(), 100u);
  const auto bulk =
      std::ranges::count_if(history.begin(), history.begin() + 100,
                            [](const std::string& id) { return id.starts_with("bulk"); });
  EXPECT_GE(bulk, 5);
  EXPECT_LE(bulk, 20);
}

TEST_F(PipelineTest, AClientFullOfBulkIsStillGivenUrgentPushes) {
  client_is_full_of_bulk = true;
  enrol_with_work("tablet");
  settle();
  EXPECT_EQ(history, Ids{});
  fleet.enrol("phone", now.wall);
  request("phone");
  settle();
  EXPECT_EQ(history, Ids{"phone"});
  client_is_full_of_bulk = false;
  pass(64ms);
  settle();
  EXPECT_EQ(history, (Ids{"phone", "tablet"}));
}

TEST_F(PipelineTest, RepliesThatWaitAreBounded) {
  WakeOptions options;
  options.requests_max = 3;
  start(options);
  enrol_with_work("phone");
  for (int i = 0; i < 2; ++i) request("phone", storage::Priority::bulk);
  EXPECT_FALSE(pipeline->can_take_request(storage::Priority::bulk));
  request("phone");
  EXPECT_FALSE(pipeline->can_take_request(storage::Priority::urgent));
  settle();
  answer();
  EXPECT_EQ(results.size(), 3u);
  EXPECT_TRUE(pipeline->can_take_request(storage::Priority::urgent));
}

TEST_F(PipelineTest, KeepsToItsRate) {
  WakeOptions options;
  options.pushes_per_second_max = 100;
  start(options);
  for (int i = 0; i < 1'000; ++i) enrol_with_work("device-" + std::to_string(i));
  const auto begin = now.steady;
  settle();
  while (now.steady < begin + 5s) {
    pass_to_next();
    while (!pushes.empty()) answer();
  }
  EXPECT_NEAR(static_cast<double>(history.size()), 510, 3);
  EXPECT_GT(pipeline->counters().paced, 100u);
}

TEST_F(PipelineTest, ATopicKeepsToItsRateAndTheOtherDoesNotWaitForIt) {
  WakeOptions options;
  options.topic_pushes_per_second_max = 10;
  start(options);
  for (int i = 0; i < 100; ++i) enrol_with_work("many-" + std::to_string(i), topic_a);
  for (int i = 0; i < 5; ++i) enrol_with_work("few-" + std::to_string(i), topic_b);
  const auto begin = now.steady;
  while (now.steady - begin < 2s) pass_to_next();
  const auto few =
      std::ranges::count_if(history, [](const std::string& id) { return id.starts_with("few"); });
  EXPECT_EQ(few, 5);
  EXPECT_GE(history.size() - few, 19u);
  EXPECT_LE(history.size() - few, 22u);
}

TEST_F(PipelineTest, AFullClientIsTriedAgainSoonInTheSameOrderWithTheSameTokens) {
  client_is_full = true;
  for (const char* id : {"1", "2", "3"}) {
    enrol_with_work(id);
    settle();
    pass(1ms);
  }
  EXPECT_EQ(history, Ids{});
  EXPECT_LE(next, now.steady + 64ms);
  client_is_full = false;
  pass(64ms);
  settle();
  EXPECT_EQ(history, (Ids{"1", "2", "3"}));
  EXPECT_EQ(pushes.back().notification.push_magic.text, "magic of 3");
}

// ---- outcome ----

TEST_F(PipelineTest, ADeadTokenIsParkedUntilTheNextTokenUpdate) {
  enrol_with_work("phone");
  settle();
  answer(410, "Unregistered");
  settle();
  EXPECT_TRUE(fleet.is_parked("phone"));
  EXPECT_EQ(fleet.wake_state("phone").last_apns_reason, "Unregistered");
  EXPECT_EQ(pipeline->counters().parked, 1u);
  pass(72h);
  settle();
  EXPECT_TRUE(pushes.empty());

  fleet.update_token("phone", now.wall, "token of phone");
  notify("phone");
  settle();
  EXPECT_EQ(waiting(), Ids{"phone"});
}

TEST_F(PipelineTest, ADeadTokenAndSilenceEndTheEnrolmentAlsoAfterACrash) {
  WakeOptions options;
  options.unreachable_after = 100h;
  start(options);
  for (const char* id : {"phone", "tablet"}) enrol_with_work(id);
  settle();
  for (int i = 0; i < 2; ++i) answer(410, "Unregistered");
  settle();
  start(options);
  pass(60h);
  fleet.touch("tablet", now.wall);
  settle();
  EXPECT_EQ(fleet.state("phone"), storage::EnrolmentState::enrolled);

  pass(41h);
  settle();
  EXPECT_EQ(fleet.state("phone"), storage::EnrolmentState::ended);
  EXPECT_EQ(fleet.end_reason("phone"), storage::EndReason::unreachable);
  EXPECT_FALSE(fleet.has_work("phone")) << "its queue is void";
  EXPECT_EQ(fleet.state("tablet"), storage::EnrolmentState::enrolled) << "it was heard of";
  EXPECT_EQ(pipeline->counters().unreachable, 1u);

  pass(60h);
  settle();
  EXPECT_EQ(fleet.end_reason("tablet"), storage::EndReason::unreachable);
  EXPECT_EQ(history.size(), 2u) << "neither was pushed again";
}

TEST_F(PipelineTest, WhoIsHeardOfWhileItIsGivenUpIsNotGivenUp) {
  start_with_a_dead_token("phone");
  pass(101h);
  pipeline->advance(now);
  ASSERT_TRUE(run_job());  // the read: its end is decided, and not yet on record
  fleet.touch("phone", now.wall);
  settle();
  EXPECT_EQ(fleet.state("phone"), storage::EnrolmentState::enrolled);
  EXPECT_EQ(pipeline->counters().unreachable, 0u);

  pass(101h);
  settle();
  EXPECT_EQ(fleet.end_reason("phone"), storage::EndReason::unreachable);
}

TEST_F(PipelineTest, ATokenUpdateAfterItsTokensDeathIsTheEndOfThatMatter) {
  start_with_a_dead_token("phone");
  pass(99h);
  fleet.connect("phone", now.wall);  // it has no work when its token comes
  fleet.update_token("phone", now.wall, "token of phone");
  notify("phone");
  pass(1'000h);
  settle();
  EXPECT_EQ(fleet.state("phone"), storage::EnrolmentState::enrolled);
  EXPECT_EQ(pushes_to("phone"), 1u);
}

TEST_F(PipelineTest, AnOperatorsPushToADeadTokenDoesNotPutItsEndOff) {
  start_with_a_dead_token("phone");
  pass(60h);
  for (const int status : {503, 410}) {
    request("phone");
    settle();
    answer(status, status == 410 ? "Unregistered" : "");
    settle();
  }
  EXPECT_EQ(pushes_to("phone"), 3u);
  pass(41h);
  settle();
  EXPECT_EQ(fleet.end_reason("phone"), storage::EndReason::unreachable);
}

TEST_F(PipelineTest, ATokenThatCameWhileTheOldOnesPushWasUnderWayIsNotParked) {
  fleet.enrol("phone", now.wall);
  fleet.request("phone", now.wall);  // no work: TokenUpdate leaves the due wake as it is
  notify("phone");
  settle();
  pass(1s);
  fleet.update_token("phone", now.wall, "token of new phone");
  answer(410, "Unregistered");
  settle();
  EXPECT_FALSE(fleet.is_parked("phone"));
  notify("phone");
  settle();
  EXPECT_EQ(waiting(), Ids{"new phone"});
}

TEST_F(PipelineTest, ABusyTokenRestsWhateverBecomesDueMeanwhileAndHoldsNobodyElseUp) {
  enrol_with_work("phone");
  settle();
  answer(429, "TooManyRequests");
  settle();
  pass(1s);
  enqueue("phone");
  fleet.request("phone", now.wall);
  notify("phone");
  enrol_with_work("tablet");
  settle();
  EXPECT_EQ(waiting(), Ids{"tablet"});
  answer();
  connect("tablet");
  pass(33s);
  settle();
  EXPECT_EQ(waiting(), Ids{"phone"});
  answer(429, "TooManyRequests");
  settle();
  pass(53s);
  settle();
  EXPECT_EQ(pushes_to("phone"), 2u) << "the second rest is twice as long";
  pass(14s);
  settle();
  EXPECT_EQ(pushes_to("phone"), 3u);
}

TEST_F(PipelineTest, SomebodyWhoWaitsDoesNotCutTheRestShortThatAPNsAskedFor) {
  enrol_with_work("phone");
  settle();
  answer(429, "TooManyRequests");
  settle();
  request("phone");
  settle();
  EXPECT_EQ(pushes_to("phone"), 1u);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_THAT(results[0].failure, testing::HasSubstr("TooManyRequests"));
  EXPECT_TRUE(fleet.wake_state("phone").due_at);
  pass(34s);
  settle();
  EXPECT_EQ(pushes_to("phone"), 2u);
}

TEST_F(PipelineTest, SomebodyWhoWaitsCutsARestOfOurOwnShort) {
  enrol_with_work("phone");
  settle();
  answer(503, "ServiceUnavailable");
  settle();
  request("phone");
  settle();
  EXPECT_EQ(pushes_to("phone"), 2u);
}

TEST_F(PipelineTest, AServerErrorIsTriedAgainWithBackOffAndForgottenAfterSuccess) {
  enrol_with_work("phone");
  settle();
  std::chrono::milliseconds rest{2'000};
  for (int i = 0; i < 4; ++i) {
    answer(503, "ServiceUnavailable");
    settle();
    pass(rest * 85 / 100);
    settle();
    EXPECT_TRUE(pushes.empty()) << i;
    pass(rest * 25 / 100 + 1ms);
    settle();
    ASSERT_EQ(pushes.size(), 1u) << i;
    rest *= 2;
  }
  EXPECT_EQ(fleet.wake_state("phone").attempts, 0u) << "what did not reach APNs is no attempt";
  answer();
  settle();
  EXPECT_EQ(fleet.wake_state("phone").attempts, 1u);
}

TEST_F(PipelineTest, ARefusedTopicStopsWithoutAStormAndGoesOnWithTheNextCertificate) {
  for (int i = 0; i < 100; ++i) enrol_with_work("device-" + std::to_string(i));
  settle();
  while (!pushes.empty()) answer(403, "BadCertificate");
  settle();
  EXPECT_TRUE(pipeline->gauges(now).topic_stopped);
  EXPECT_EQ(history.size(), 100u);

  enrol_with_work("phone");
  settle();
  EXPECT_TRUE(pushes.empty()) << "postponed, not pushed";

  pipeline->resume_topics();
  settle();
  EXPECT_FALSE(pipeline->gauges(now).topic_stopped);
  pass(331s);
  settle();
  EXPECT_EQ(pushes.size(), 101u);
}

TEST_F(PipelineTest, AStoppedTopicTriesOnePushEveryFewMinutesAndRecoversByIt) {
  for (int i = 0; i < 50; ++i) enrol_with_work("device-" + std::to_string(i));
  settle();
  while (!pushes.empty()) answer(403, "BadCertificate");
  history.clear();
  for (const auto begin = now.steady; now.steady < begin + 31min;) {
    pass_to_next();
    EXPECT_LE(pushes.size(), 1u);
    while (!pushes.empty()) answer(403, "BadCertificate");
  }
  EXPECT_GE(history.size(), 5u);
  EXPECT_LE(history.size(), 6u);

  while (pushes.empty()) pass_to_next();
  answer();
  settle();
  EXPECT_FALSE(pipeline->gauges(now).topic_stopped);
  for (const auto begin = now.steady; now.steady < begin + 12min;) {
    pass_to_next();
    while (!pushes.empty()) answer();
  }
  for (int i = 0; i < 50; ++i) {
    EXPECT_GE(fleet.wake_state("device-" + std::to_string(i)).attempts, 1u) << i;
  }
}

TEST_F(PipelineTest, ARequestToAStoppedTopicIsToldSoAndStaysDue) {
  enrol_with_work("phone");
  settle();
  answer(403, "BadCertificate");
  settle();
  fleet.enrol("tablet", now.wall);
  fleet.enqueue("tablet", now.wall);
  request("tablet");
  settle();
  ASSERT_EQ(results.size(), 1u);
  EXPECT_FALSE(results[0].response);
  EXPECT_THAT(results[0].failure, testing::HasSubstr("topic is stopped"));
  EXPECT_TRUE(fleet.wake_state("tablet").due_at);
}

TEST_F(PipelineTest, ATopicWithoutACertificateWaitsForItWithoutAStormWhileOthersGoOn) {
  topic_of_client = topic_a;
  for (int i = 0; i < 100; ++i) enrol_with_work("other-" + std::to_string(i), topic_b);
  enrol_with_work("phone");
  settle();
  EXPECT_EQ(waiting(), Ids{"phone"});
  EXPECT_TRUE(pipeline->gauges(now).topic_stopped);
  answer();
  const std::size_t unsent_at_first = unsent_count;
  for (const auto begin = now.steady; now.steady < begin + 31min;) {
    pass_to_next();
    while (!pushes.empty()) answer();
  }
  EXPECT_LE(unsent_count - unsent_at_first, 6u) << "a probe each five minutes, that costs nothing";
  EXPECT_EQ(pushes_to("other-7"), 0u);

  topic_of_client = topic_b;
  pipeline->resume_topics();
  for (const auto begin = now.steady; now.steady < begin + 6min;) {
    pass_to_next();
    while (!pushes.empty()) answer();
  }
  for (int i = 0; i < 100; ++i) {
    const std::string id = "other-" + std::to_string(i);
    EXPECT_FALSE(fleet.is_parked(id)) << id;
    EXPECT_GE(pushes_to(id), 1u) << id;
  }
}

TEST_F(PipelineTest, TokensThatAreAllCalledWrongAreTheTopicsTroubleAndNotParked) {
  for (int i = 0; i < 500; ++i) enrol_with_work("device-" + std::to_string(i));
  settle();
  while (!pushes.empty()) answer(400, "BadDeviceToken");
  settle();
  EXPECT_TRUE(pipeline->gauges(now).topic_stopped);
  std::size_t parked = 0;
  for (int i = 0; i < 500; ++i) parked += fleet.is_parked("device-" + std::to_string(i)) ? 1 : 0;
  EXPECT_LE(parked, 16u);

  pipeline->resume_topics();  // somebody mended it
  pass(331s);
  settle();
  EXPECT_GE(pushes.size(), 484u);
}

TEST_F(PipelineTest, APushThatEveryTokenMakesMalformedStopsTheTopicAndNotItsWakesForADay) {
  for (int i = 0; i < 500; ++i) enrol_with_work("device-" + std::to_string(i));
  settle();
  while (!pushes.empty()) answer(400, "BadPriority");
  settle();
  EXPECT_TRUE(pipeline->gauges(now).topic_stopped);
  pipeline->resume_topics();
  pass(331s);
  settle();
  EXPECT_GE(pushes.size(), 484u);
}

TEST_F(PipelineTest, AnOperatorsWakeThatIsTakenRevivesAParkedEnrolment) {
  enrol_with_work("phone");
  settle();
  answer(400, "BadDeviceToken");
  settle();
  ASSERT_TRUE(fleet.is_parked("phone"));
  request("phone");
  settle();
  answer();
  settle();
  EXPECT_FALSE(fleet.is_parked("phone"));
  EXPECT_TRUE(fleet.wake_state("phone").due_at) << "and is woken again while it has work";
}

// ---- damage ----

TEST_F(PipelineTest, ADamagedWakeIsPassedByAndTheOthersGoOut) {
  WakeOptions options;
  options.in_flight_max = 16;
  start(options);
  for (int i = 0; i < 100; ++i) enrol_with_work("device-" + std::to_string(i));
  damaged = {"device-0", "device-50", "device-99"};
  for (const auto begin = now.steady; now.steady < begin + 5s;) {
    settle();
    while (!pushes.empty()) {
      answer();
      settle();
    }
    pass(100ms);
  }
  EXPECT_EQ(history.size(), 97u);
  EXPECT_TRUE(fleet.wake_state("device-50").due_at) << "it stays due, for when it is mended";
}

TEST_F(PipelineTest, OneOutcomeThatCannotBeRecordedLeavesTheOthersTheirs) {
  for (int i = 0; i < 100; ++i) enrol_with_work("device-" + std::to_string(i));
  settle();
  unrecordable = {"device-13"};
  while (!pushes.empty()) answer();
  settle();
  for (int i = 0; i < 100; ++i) {
    const std::string id = "device-" + std::to_string(i);
    EXPECT_EQ(fleet.wake_state(id).attempts, id == "device-13" ? 0u : 1u) << id;
  }
  EXPECT_EQ(pipeline->gauges(now).in_flight, 0u);
  const std::size_t before = pushes_to("device-13");
  for (const auto begin = now.steady; now.steady < begin + 10min;) {
    pass_to_next();
    while (!pushes.empty()) answer();
  }
  EXPECT_LE(pushes_to("device-13"), before + 1) << "not at each reading";
}

TEST_F(PipelineTest, ATopicThatDoesNotAnswerNeitherFloodsNorHoldsTheOthersUp) {
  WakeOptions options;
  options.in_flight_max = 256;
  start(options);
  for (int i = 0; i < 1'000; ++i) enrol_with_work("a-" + std::to_string(i), topic_a);
  settle();
  for (int i = 0; i < 40; ++i) leave_unanswered("no connection to APNs");
  while (!pushes.empty()) leave_unanswered("no connection to APNs");
  settle();
  const std::size_t pushed_before = history.size();
  for (int i = 0; i < 200; ++i) enrol_with_work("b-" + std::to_string(i), topic_b);
  const auto begin = now.steady;
  while (now.steady < begin + 5min) {
    for (std::size_t i = 0; i < pushes.size();) {
      apns::PushOutcome outcome;
      if (waiting()[i].starts_with("b-")) outcome.response.emplace().status = 200;
      answer_at(i, std::move(outcome));
    }
    pass_to_next();
  }
  for (int i = 0; i < 200; ++i) EXPECT_GE(pushes_to("b-" + std::to_string(i)), 1u);
  const auto probes =
      std::count_if(history.begin() + static_cast<std::ptrdiff_t>(pushed_before), history.end(),
                    [](const std::string& id) { return id.starts_with("a-"); });
  EXPECT_GE(probes, 5);
  EXPECT_LE(probes, 12);
}

TEST_F(PipelineTest, AnOutcomeThatCouldNotBeRecordedIsRecordedLater) {
  enrol_with_work("phone");
  settle();
  store_fails = true;
  answer();
  settle();
  for (int i = 0; i < 5; ++i) pass_to_next();
  EXPECT_EQ(fleet.wake_state("phone").attempts, 0u);
  EXPECT_EQ(pipeline->gauges(now).recording.depth, 1u);

  store_fails = false;
  for (int i = 0; i < 10 && fleet.wake_state("phone").attempts == 0; ++i) pass_to_next();
  EXPECT_EQ(fleet.wake_state("phone").attempts, 1u);
  EXPECT_EQ(history, Ids{"phone"});
}

TEST_F(PipelineTest, ManyOutcomesAreRecordedInOneTransaction) {
  for (int i = 0; i < 1'000; ++i) enrol_with_work("device-" + std::to_string(i));
  settle();
  records = 0;
  while (!pushes.empty()) answer();
  settle();
  EXPECT_EQ(records, 1u);
}

TEST_F(PipelineTest, AnUnknownOrDoubledOutcomeChangesNothing) {
  enrol_with_work("phone");
  settle();
  const std::uint64_t ticket = pushes.front().ticket;
  apns::PushOutcome outcome;
  outcome.ticket = ticket + 1;
  pipeline->on_outcome(std::move(outcome), now);
  answer();
  apns::PushOutcome again;
  again.ticket = ticket;
  pipeline->on_outcome(std::move(again), now);
  settle();
  EXPECT_EQ(pipeline->counters().unanswered, 0u);
  EXPECT_EQ(fleet.wake_state("phone").attempts, 1u);
}

TEST_F(PipelineTest, ANewLifeOfAnEnrolmentIsPushedWhateverBecameOfTheOldOnesPush) {
  enrol_with_work("phone");
  settle();
  pass(1s);
  fleet.enrol("phone", now.wall);  // Authenticate: the queue of the earlier life is void
  enqueue("phone");
  settle();
  answer(410, "Unregistered");
  settle();
  EXPECT_FALSE(fleet.is_parked("phone"));
  EXPECT_EQ(waiting(), Ids{"phone"});
}

// ---- the end, and what is told of it all ----

TEST_F(PipelineTest, ACrashForgetsNothingButWhatIsInFlight) {
  for (int i = 0; i < 20; ++i) enrol_with_work("device-" + std::to_string(i));
  settle();
  for (int i = 0; i < 10; ++i) answer();
  settle();
  start(WakeOptions{});
  settle();
  EXPECT_EQ(pushes.size(), 10u) << "those without a recorded outcome, again";
}

TEST_F(PipelineTest, AtTheEndWhatArrivedIsRecordedAndWhoWaitsIsTold) {
  enrol_with_work("phone");
  enrol_with_work("tablet");
  settle();
  request("tablet");
  apns::PushOutcome accepted;
  accepted.response.emplace().status = 200;
  answer_at(waiting().front() == "phone" ? 0 : 1, std::move(accepted));
  pipeline->close();
  settle();
  EXPECT_TRUE(pipeline->is_drained());
  EXPECT_EQ(fleet.wake_state("phone").attempts, 1u);
  pipeline->abandon("stopping");
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].failure, "stopping");
}

TEST_F(PipelineTest, AtTheEndADiskThatFailsIsNotWaitedFor) {
  enrol_with_work("phone");
  settle();
  answer();
  store_fails = true;
  pipeline->close();
  settle();
  EXPECT_TRUE(pipeline->is_drained());
}

TEST_F(PipelineTest, TellsTheDepthAndAgeOfEachStage) {
  WakeOptions options;
  options.pushes_per_second_max = 10;
  options.in_flight_max = 8;
  start(options);
  for (int i = 0; i < 20; ++i) {
    enrol_with_work("device-" + std::to_string(i));
  }
  settle();
  pass(50ms);
  const PipelineGauges gauges = pipeline->gauges(now);
  EXPECT_EQ(gauges.pushing.depth, 1u);
  EXPECT_EQ(gauges.pacing.depth, 6u);
  EXPECT_EQ(gauges.in_flight, 7u);
  EXPECT_EQ(now.steady - gauges.pushing.since, 50ms);
  EXPECT_EQ(now.steady - gauges.pacing.since, 50ms);
  EXPECT_EQ(now.steady - gauges.due.since, 50ms) << "thirteen wait in the store";
  EXPECT_EQ(gauges.coalescing.depth, 0u);
  answer();
  pass(7ms);
  EXPECT_EQ(pipeline->gauges(now).recording.depth, 1u);
  EXPECT_EQ(now.steady - pipeline->gauges(now).recording.since, 7ms);
}

TEST_F(PipelineTest, TellsHowManyAreDueAnewBehindTheirOwnPush) {
  fleet.enrol("phone", now.wall);
  request("phone");
  settle();
  pass(5ms);
  fleet.update_token("phone", now.wall, "token of phone");
  request("phone");
  pass(3ms);
  EXPECT_EQ(pipeline->gauges(now).coalescing.depth, 1u);
  EXPECT_EQ(now.steady - pipeline->gauges(now).coalescing.since, 3ms);
  answer();
  settle();
  EXPECT_EQ(pipeline->gauges(now).coalescing.depth, 0u);
  EXPECT_EQ(pushes.size(), 1u);
}

}  // namespace
}  // namespace reveille::wake
