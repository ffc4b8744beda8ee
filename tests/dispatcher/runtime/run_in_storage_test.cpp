#include "dispatcher/runtime/run_in_storage.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <latch>
#include <string>
#include <thread>

#include "storage/memory/memory_store.h"

namespace reveille {
namespace {

using Work = std::move_only_function<Result<std::string>(storage::Transaction&)>;

class RunInStorageTest : public testing::Test {
 protected:
  RunInStorageTest() : store(storage::make_memory_store({})) {}

  // Runs it in a coroutine of this thread's context.
  Result<std::string> run(Work work) {
    std::optional<Result<std::string>> outcome;
    std::thread::id resumed_in;
    auto coroutine = [&](Work owned) -> boost::asio::awaitable<void> {
      outcome = co_await run_in_storage<std::string>(lanes, {}, std::move(owned));
      resumed_in = std::this_thread::get_id();
    };
    const auto open = boost::asio::make_work_guard(context);
    boost::asio::co_spawn(context, coroutine(std::move(work)),
                          [](const std::exception_ptr& thrown) { EXPECT_FALSE(thrown); });
    context.restart();
    while (!outcome) context.run_one();
    EXPECT_EQ(resumed_in, std::this_thread::get_id()) << "in its own executor";
    return *std::move(outcome);
  }

  bool is_stored(const std::string& uuid) {
    mdm::CommandUuid command;
    command.text = uuid;
    return store->begin()->find_command(command).value().has_value();
  }

  Log log{{.level = LogLevel::error, .format = LogFormat::json}};
  std::unique_ptr<storage::Store> store;
  boost::asio::io_context context;  // outlives the lanes, which post to it
  StorageLanes lanes{*store, log, {.lanes = 1, .queue_capacity = 1, .batch_max = 1}};
};

Result<std::string> store_command(storage::Transaction& transaction) {
  mdm::Command command;
  command.uuid.text = "one";
  Result<void> put = transaction.put_command(command, {});
  if (!put) return std::unexpected(put.error());
  return "stored";
}

TEST_F(RunInStorageTest, ResumesAfterTheCommitWithTheAnswer) {
  EXPECT_EQ(run(store_command), "stored");
  EXPECT_TRUE(is_stored("one"));
}

TEST_F(RunInStorageTest, ARefusalIsTheAnswerAndWhatWasWrittenStays) {
  const auto outcome = run([](storage::Transaction& transaction) -> Result<std::string> {
    EXPECT_TRUE(store_command(transaction));
    return failure(ErrorCode::conflict, "no");
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::conflict);
  EXPECT_TRUE(is_stored("one"));
}

TEST_F(RunInStorageTest, ABrokenTransactionIsNotCommitted) {
  const auto outcome = run([](storage::Transaction& transaction) -> Result<std::string> {
    EXPECT_TRUE(store_command(transaction));
    return failure(ErrorCode::unavailable, "the disk is gone");
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::unavailable);
  EXPECT_FALSE(is_stored("one"));
}

TEST_F(RunInStorageTest, AFullLaneAnswersOverloaded) {
  class Blocker final : public StorageJob {
   public:
    Blocker(std::latch& running, std::latch& free) : running_(running), free_(free) {}
    Result<void> run(storage::Transaction&) override {
      running_.count_down();
      free_.wait();
      return {};
    }
    void finish(Result<void>) override {}

   private:
    std::latch& running_;
    std::latch& free_;
  };
  std::latch running(1), unused(1), free(1), gone(0);
  ASSERT_TRUE(lanes.submit({}, std::make_unique<Blocker>(running, free)));
  running.wait();
  ASSERT_TRUE(lanes.submit({}, std::make_unique<Blocker>(unused, gone)));  // fills the queue

  const auto outcome = run(store_command);
  free.count_down();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::overloaded);
  unused.wait();
  EXPECT_FALSE(is_stored("one"));
}

}  // namespace
}  // namespace reveille
