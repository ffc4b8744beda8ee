#include "dispatcher/runtime/bounded_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

namespace reveille {
namespace {

using Queue = BoundedQueue<std::unique_ptr<int>>;

TEST(BoundedQueueTest, TellsTheFirstFromThoseBehindIt) {
  Queue queue(4);
  EXPECT_EQ(queue.try_push(std::make_unique<int>(1)), Queue::Pushed::first);
  EXPECT_EQ(queue.try_push(std::make_unique<int>(2)), Queue::Pushed::behind);
  std::unique_ptr<int> value;
  ASSERT_TRUE(queue.try_pop(value));
  ASSERT_TRUE(queue.try_pop(value));
  EXPECT_FALSE(queue.try_pop(value));
  EXPECT_EQ(queue.try_push(std::make_unique<int>(3)), Queue::Pushed::first);
}

TEST(BoundedQueueTest, KeepsTheOrderOfAProducer) {
  Queue queue(100);
  for (int i = 0; i < 100; ++i) queue.try_push(std::make_unique<int>(i));
  std::unique_ptr<int> value;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(queue.try_pop(value));
    EXPECT_EQ(*value, i);
  }
}

TEST(BoundedQueueTest, AFullQueueLeavesTheValueToItsOwner) {
  Queue queue(2);
  queue.try_push(std::make_unique<int>(1));
  queue.try_push(std::make_unique<int>(2));
  auto third = std::make_unique<int>(3);
  EXPECT_EQ(queue.try_push(std::move(third)), Queue::Pushed::full);
  ASSERT_NE(third, nullptr);
  EXPECT_EQ(*third, 3);
  EXPECT_EQ(queue.size(), 2u);

  std::unique_ptr<int> value;
  ASSERT_TRUE(queue.try_pop(value));
  EXPECT_EQ(queue.try_push(std::move(third)), Queue::Pushed::behind);
}

TEST(BoundedQueueTest, NothingIsLostDoubledOrAboveCapacityBetweenManyThreads) {
  constexpr int producers = 4, consumers = 2, values_of_each = 20'000;
  constexpr std::size_t capacity = 64;
  Queue queue(capacity);
  std::vector<std::atomic<int>> seen(producers * values_of_each);
  std::atomic<int> popped{0};
  std::atomic<bool> above_capacity{false};
  {
    std::vector<std::jthread> threads;
    for (int producer = 0; producer < producers; ++producer) {
      threads.emplace_back([&, producer] {
        for (int i = 0; i < values_of_each; ++i) {
          auto value = std::make_unique<int>(producer * values_of_each + i);
          while (queue.try_push(std::move(value)) == Queue::Pushed::full) {
            std::this_thread::yield();
          }
        }
      });
    }
    for (int consumer = 0; consumer < consumers; ++consumer) {
      threads.emplace_back([&] {
        std::unique_ptr<int> value;
        while (popped < producers * values_of_each) {
          // Pushes that are about to be refused count for a moment: at most one a producer.
          if (queue.size() > capacity + producers) above_capacity = true;
          if (!queue.try_pop(value)) {
            std::this_thread::yield();
            continue;
          }
          ++seen[static_cast<std::size_t>(*value)];
          ++popped;
        }
      });
    }
  }
  EXPECT_TRUE(std::ranges::all_of(seen, [](const auto& times) { return times == 1; }));
  EXPECT_FALSE(above_capacity);
  EXPECT_EQ(queue.size(), 0u);
}

// As the storage lanes use it: sleep after size() was 0, be woken by the first.
TEST(BoundedQueueTest, AConsumerThatSleepsOnlyWhenEmptyMissesNothing) {
  constexpr int values = 50'000;
  Queue queue(values);
  std::counting_semaphore<> wake{0};
  std::jthread producer([&] {
    for (int i = 0; i < values; ++i) {
      if (queue.try_push(std::make_unique<int>(i)) == Queue::Pushed::first) wake.release();
    }
  });
  std::unique_ptr<int> value;
  for (int popped = 0; popped < values;) {
    if (queue.try_pop(value)) {
      ASSERT_EQ(*value, popped);
      ++popped;
    } else if (queue.size() > 0) {
      std::this_thread::yield();
    } else {
      wake.acquire();
    }
  }
}

}  // namespace
}  // namespace reveille
