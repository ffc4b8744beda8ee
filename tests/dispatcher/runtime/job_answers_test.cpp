#include "dispatcher/runtime/job_answers.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

namespace reveille {
namespace {

// Whoever rings must not find the bell gone: ThreadSanitizer sees it.
TEST(JobAnswersTest, MayGoOnceTheLastAnswerIsTaken) {
  for (int round = 0; round < 500; ++round) {
    auto doorbell = std::make_unique<Doorbell>();
    std::optional<JobAnswers<int>> answers(std::in_place, 1, *doorbell);
    std::thread storage_lane([&answers, round] { answers->put(round); });
    int taken = -1;
    while (!answers->take(taken)) std::this_thread::yield();
    EXPECT_EQ(taken, round);
    answers.reset();
    doorbell.reset();
    storage_lane.join();
  }
}

TEST(JobAnswersTest, RingForEachAnswer) {
  Doorbell doorbell;
  JobAnswers<int> answers(2, doorbell);
  int taken = 0;
  EXPECT_FALSE(answers.take(taken));
  answers.put(1);
  answers.put(2);
  doorbell.sleep(std::chrono::hours(1));  // it has rung
  doorbell.answer();
  EXPECT_TRUE(answers.take(taken));
  EXPECT_TRUE(answers.take(taken));
  EXPECT_EQ(taken, 2);
}

}  // namespace
}  // namespace reveille
