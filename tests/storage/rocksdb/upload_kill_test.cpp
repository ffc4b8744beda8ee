#include <csignal>
#include <random>

#include "tests/storage/rocksdb/raw_database.h"
#include "tests/storage/rocksdb/victim.h"
#include "tests/storage/store_contract.h"

// Killed in the middle of a report that comes in pieces: it is whole or not there, and what was
// left of it is gone after the next start.
namespace reveille::storage::testing {
namespace {

constexpr int all = 1'000'000;
constexpr int commits_a_report = 5, pieces_a_report = 4;

int run_and_kill_uploader(const std::filesystem::path& folder, const std::string& device,
                          int commits) {
  Victim uploader({"--upload", folder.string(), device});
  int committed = uploader.wait_for(commits);
  uploader.kill_it();
  committed += uploader.wait_for(all);
  EXPECT_EQ(uploader.exit_status(), -SIGKILL);
  return committed;
}

// Answers how many reports are recorded.
int expect_whole_reports(Store& store, const mdm::EnrolmentId& device) {
  Bytes whole;
  for (char piece = '0'; piece < '4'; ++piece) whole += Bytes(10'000, piece);
  const auto transaction = store.begin();
  int recorded = 0;
  const auto deliveries = transaction->deliveries(device, 1'000).value();
  for (const Delivery& delivery : deliveries) {
    const auto result = transaction->find_result(device, delivery.command).value();
    const bool ended = delivery.state == DeliveryState::acknowledged;
    EXPECT_EQ(result, ended ? std::optional(whole) : std::nullopt) << delivery.command.text;
    if (ended) ++recorded;
  }
  return recorded;
}

TEST(UploadKillTest, AKilledUploadLeavesNeitherHalfAReportNorAnyOfItsPieces) {
  std::mt19937 random(20'261'125);
  int cut_short = 0;
  for (int round = 0; round < 12; ++round) {
    const TemporaryFolder temporary;
    const mdm::EnrolmentId device = id("device");
    const int commits =
        run_and_kill_uploader(temporary.path(), device.text(), static_cast<int>(random() % 60) + 1);
    int recorded = 0;
    {
      const auto store = open_rocksdb_store(rocksdb_options(temporary.path(), StoreOptions{}));
      ASSERT_TRUE(store) << store.error().detail;
      recorded = expect_whole_reports(**store, device);
    }
    EXPECT_GE(recorded, commits / commits_a_report);
    if (commits % commits_a_report != 0) ++cut_short;
    RawDatabase raw(temporary.path());
    EXPECT_EQ(raw.count(rocks::Table::long_results, rocks::uploads_prefix), 0u);
    EXPECT_EQ(raw.count(rocks::Table::long_results, ""),
              static_cast<std::size_t>(recorded * (1 + pieces_a_report)));
  }
  EXPECT_GT(cut_short, 3) << "no upload was cut short: the test proves nothing";
}

}  // namespace
}  // namespace reveille::storage::testing
