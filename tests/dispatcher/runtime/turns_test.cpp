#include "dispatcher/runtime/turns.h"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <string>

namespace reveille {
namespace {

namespace asio = boost::asio;
using testing::ElementsAre;

class TurnsTest : public testing::Test {
 protected:
  // Its turn, or what it was told instead, becomes a line of `seen_`.
  void come(Turns& turns, const std::string& name, HasLeft has_left = {}) {
    asio::co_spawn(lane_, calculate(turns, name, std::move(has_left)), asio::detached);
  }

  asio::awaitable<void> calculate(Turns& turns, std::string name, HasLeft has_left) {
    const Result<void> turn = co_await turns.wait(has_left);
    seen_.push_back(turn ? name : name + ": " + name_of(turn.error().code));
  }

  void pass_by(const std::string& name) {
    asio::post(lane_, [this, name] { seen_.push_back(name); });
  }

  std::vector<std::string> seen_;
  asio::io_context lane_{1};
};

TEST_F(TurnsTest, WhoeverComesAloneNeedNotWait) {
  Turns turns(1, 0);
  for (const char* name : {"first", "second"}) {
    come(turns, name);
    lane_.restart();
    lane_.run();
  }
  EXPECT_THAT(seen_, ElementsAre("first", "second"));
}

TEST_F(TurnsTest, OneARoundHasItsTurnAndTheNewestGoesFirst) {
  Turns turns(1, 10);
  for (const char* name : {"first", "second", "third"}) come(turns, name);
  pass_by("other work");

  lane_.run();

  EXPECT_THAT(seen_, ElementsAre("first", "other work", "third", "second"));
  EXPECT_EQ(turns.waiting(), 0u);
}

TEST_F(TurnsTest, ARoundMayHaveSeveralTurns) {
  Turns turns(2, 10);
  for (const char* name : {"first", "second", "third", "fourth", "fifth"}) come(turns, name);
  pass_by("other work");

  lane_.run();

  EXPECT_THAT(seen_, ElementsAre("first", "second", "other work", "fifth", "fourth", "third"));
}

TEST_F(TurnsTest, MoreThanMayWaitAreTurnedAwayAtOnce) {
  Turns turns(1, 1);
  for (const char* name : {"first", "second", "third"}) come(turns, name);

  lane_.run();

  EXPECT_THAT(seen_, ElementsAre("first", "third: overloaded", "second"));
}

TEST_F(TurnsTest, WhoeverHasLeftCostsNobodyATurn) {
  Turns turns(1, 10);
  int asked = 0;
  const auto ask = [&asked](bool has_left) {
    return [&asked, has_left] {
      ++asked;
      return has_left;
    };
  };
  come(turns, "first");
  come(turns, "second", ask(false));
  come(turns, "third", ask(true));

  while (asked == 0) ASSERT_EQ(lane_.run_one(), 1u);
  EXPECT_EQ(asked, 2);  // in one round
  lane_.run();

  EXPECT_THAT(seen_, ElementsAre("first", "third: not_found", "second"));
}

TEST_F(TurnsTest, TheOldestMayGiveUpBeforeTheirTurn) {
  Turns turns(1, 10);
  bool has_left = false;
  come(turns, "first");
  come(turns, "second", [&has_left] { return has_left; });
  for (const char* name : {"third", "fourth"}) come(turns, name);
  while (turns.waiting() < 3) ASSERT_EQ(lane_.run_one(), 1u);
  has_left = true;
  lane_.run();
  EXPECT_THAT(seen_, ElementsAre("first", "fourth", "second: not_found", "third"));
}

TEST_F(TurnsTest, TheyMayGoBeforeTheirRoundHasEnded) {
  auto turns = std::make_unique<Turns>(1, 10);
  come(*turns, "first");
  while (seen_.empty()) ASSERT_EQ(lane_.run_one(), 1u);
  turns.reset();
  EXPECT_GE(lane_.run(), 1u);  // the round's end
}

TEST_F(TurnsTest, ALaneMayEndWhileSomeWait) {
  Turns turns(1, 10);
  for (const char* name : {"first", "second", "third"}) come(turns, name);
  while (turns.waiting() < 2) ASSERT_EQ(lane_.run_one(), 1u);
  // Their frames go with the lane, after the turns.
}

}  // namespace
}  // namespace reveille
