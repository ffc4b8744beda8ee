#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "tests/storage/store_contract.h"

// Promise 1 at the level of the engine: what commit() has answered survives SIGKILL.
namespace reveille::storage::testing {
namespace {

// kill_test_writer.cpp at work, and what it says.
class Writer {
 public:
  Writer(const std::filesystem::path& folder, const std::string& device,
         std::string file_bytes_max = "") {
    int pipe_ends[2];
    EXPECT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    std::string program = REVEILLE_STORAGE_WRITER, folder_text = folder.string(), id_text = device;
    char* limit = file_bytes_max.empty() ? nullptr : file_bytes_max.data();
    char* arguments[] = {program.data(), folder_text.data(), id_text.data(), limit, nullptr};
    EXPECT_EQ(posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_ends[1]);
    reports_ = pipe_ends[0];
  }

  // Waits until it has reported `reports` commits, or ended; answers how many it did report.
  int wait_for(int reports) {
    int reported = 0;
    char report = 0;
    while (reported < reports && read(reports_, &report, 1) == 1) ++reported;
    return reported;
  }
  void kill_it() { kill(process_, SIGKILL); }
  int exit_status() {
    int status = 0;
    waitpid(process_, &status, 0);
    close(reports_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t process_ = 0;
  int reports_ = -1;
};

constexpr int all = 1'000'000;

// Kills the writer some time after its `reports`th commit; answers how many commits it reported.
int run_and_kill_writer(const std::filesystem::path& folder, const std::string& device, int reports,
                        std::chrono::microseconds then) {
  Writer writer(folder, device);
  int reported = writer.wait_for(reports);
  usleep(static_cast<useconds_t>(then.count()));  // a random instant within the commits to come
  writer.kill_it();
  reported += writer.wait_for(all);  // what it reported meanwhile
  EXPECT_EQ(writer.exit_status(), -SIGKILL);
  return reported;
}

void expect_commits(Store& store, const mdm::EnrolmentId& device, int reported) {
  const auto transaction = store.begin();
  const auto deliveries = transaction->deliveries(device, 1'000'000).value();
  const auto queued = static_cast<int>(deliveries.size());
  // One more may have been committed and not reported; never a part of one.
  EXPECT_GE(queued, reported);
  EXPECT_LE(queued, reported + 1);
  for (int i = 0; i < queued; ++i) {
    const mdm::CommandUuid uuid{.text = device.text() + "-" + std::to_string(i)};
    const auto delivery = transaction->find_delivery(device, uuid).value();
    ASSERT_TRUE(delivery) << uuid.text;
    EXPECT_TRUE(transaction->find_command(uuid).value()) << uuid.text;
    const bool answered = i % 2 == 0 && i + 1 < queued;  // commit i + 1 acknowledges an even i
    EXPECT_EQ(delivery->state, answered ? DeliveryState::acknowledged : DeliveryState::queued);
  }
}

TEST(KillTest, EveryReportedCommitIsThereAfterAKill) {
  const TemporaryFolder temporary;
  StoreOptions options;
  options.queue_commands_max = 1'000'000;
  std::mt19937 random(20'260'102);
  std::uint64_t deliveries = 0, acknowledged = 0;

  constexpr int rounds = 20;
  for (int round = 0; round < rounds; ++round) {
    const mdm::EnrolmentId device = id("device" + std::to_string(round));
    const int reported =
        run_and_kill_writer(temporary.path(), device.text(), static_cast<int>(random() % 40) + 1,
                            std::chrono::microseconds(random() % 3'000));
    ASSERT_GT(reported, 0);
    const auto store = open_rocksdb_store(rocksdb_options(temporary.path(), options));
    ASSERT_TRUE(store) << store.error().detail;
    expect_commits(**store, device, reported);

    const auto listed = (*store)->begin()->deliveries(device, 1'000'000).value();
    for (const Delivery& delivery : listed) {
      ++deliveries;
      if (delivery.state == DeliveryState::acknowledged) ++acknowledged;
    }
    const Counts expected{.enrolments_enrolled = static_cast<std::uint64_t>(round) + 1,
                          .deliveries_live = deliveries - acknowledged,
                          .deliveries_acknowledged = acknowledged,
                          .commands = deliveries};
    EXPECT_EQ((*store)->counts(), expected);
  }
}

// A failed write proves nothing either way: the answer is "unavailable", also to what follows, and
// only the reopened store tells.
TEST(KillTest, AfterAFailedWriteNothingIsCommittedUntilTheStoreIsReopened) {
  const TemporaryFolder temporary;
  StoreOptions options;
  options.queue_commands_max = 1'000'000;
  Writer writer(temporary.path(), "device", "150000");
  const int reported = writer.wait_for(all);
  constexpr int refused = 3;
  EXPECT_EQ(writer.exit_status(), refused);
  EXPECT_GT(reported, 0);

  const auto store = open_rocksdb_store(rocksdb_options(temporary.path(), options));
  ASSERT_TRUE(store) << store.error().detail;
  expect_commits(**store, id("device"), reported);
}

}  // namespace
}  // namespace reveille::storage::testing
