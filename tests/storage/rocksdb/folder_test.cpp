#include "tests/storage/rocksdb/raw_database.h"
#include "tests/storage/store_contract.h"

// What open_rocksdb_store() finds in a folder, and what it refuses by name.
namespace reveille::storage::testing {
namespace {

class FolderTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<Store>> open(const Bytes& key = secret_key) {
    RocksdbOptions options = rocksdb_options(folder, StoreOptions{});
    options.secret_key = key;
    return open_rocksdb_store(options);
  }
  void make_store_with_phone() {
    const auto store = open().value();
    const auto transaction = store->begin();
    ASSERT_TRUE(transaction->authenticate(authenticate_message(phone), digest('c'), now));
    ASSERT_TRUE(transaction->update_token(token_update_message(phone), now));
    ASSERT_TRUE(transaction->put_command(command("uuid"), now));
    ASSERT_TRUE(transaction->enqueue(std::vector{phone}, {.text = "uuid"}, now));
    ASSERT_TRUE(transaction->commit());
  }
  void write_file(const std::string& name) { std::ofstream(folder / name) << "something"; }

  void expect_refused_untouched(const std::string& naming) {
    const auto before = files_of(folder);
    const auto refused = open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
    EXPECT_NE(refused.error().detail.find(naming), std::string::npos) << refused.error().detail;
    EXPECT_NE(refused.error().detail.find(folder.string()), std::string::npos);
    EXPECT_TRUE(files_of(folder) == before) << "the folder was changed";
  }

  const TemporaryFolder temporary;
  const std::filesystem::path folder = temporary.path() / "state" / "store";
  const mdm::EnrolmentId phone = id("PHONE-1");
  const Time now = start_of_test;
};

TEST_F(FolderTest, AMissingFolderIsMadeForItsOwnerAlone) {
  ASSERT_TRUE(open());
  EXPECT_EQ(std::filesystem::status(folder).permissions(), std::filesystem::perms::owner_all);
}

TEST_F(FolderTest, AStoreIsFoundAgain) {
  make_store_with_phone();
  const auto store = open().value();
  EXPECT_EQ(store->begin()->find_enrolment(phone).value()->state, EnrolmentState::enrolled);
  EXPECT_EQ(store->counts().deliveries_live, 1u);
  EXPECT_EQ(store->begin()->due_wakes(partition_of(phone), {}, now, 10)->size(), 1u);
}

TEST_F(FolderTest, AFolderWithOtherFilesIsRefused) {
  std::filesystem::create_directories(folder);
  write_file("letters.txt");
  expect_refused_untouched("letters.txt");
}

TEST_F(FolderTest, AFileInPlaceOfTheFolderIsRefused) {
  std::filesystem::create_directories(folder.parent_path());
  std::ofstream(folder) << "something";
  EXPECT_EQ(open().error().code, ErrorCode::corrupt);
}

TEST_F(FolderTest, AnotherProgramsRocksdbIsRefused) {
  std::filesystem::create_directories(folder);
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, folder.string(), &opened).ok());
  ASSERT_TRUE(opened->Put({}, "their key", "their value").ok());
  delete opened;
  expect_refused_untouched("another program's database");
}

TEST_F(FolderTest, AnotherFormatIsRefusedNamingBothVersions) {
  make_store_with_phone();
  for (const std::uint32_t other : {2u, 4u}) {
    RawDatabase(folder).put(
        rocks::Table::meta, rocks::format_key,
        rocks::encode(rocks::FormatRow{.magic = rocks::format_magic, .version = other}));
    expect_refused_untouched("of format " + std::to_string(other) +
                             "; this program knows format 3");
  }
}

TEST_F(FolderTest, AnotherSecretKeyIsToldByName) {
  make_store_with_phone();
  const auto refused = open(std::string(32, 'z'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
  EXPECT_NE(refused.error().detail.find("another secret key"), std::string::npos);
  EXPECT_TRUE(open());
}

TEST_F(FolderTest, AKeyOfAnotherSizeIsRefused) {
  EXPECT_EQ(open("short").error().code, ErrorCode::malformed);
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(FolderTest, ACreationThatWasCutShortIsDoneAgain) {
  std::filesystem::create_directories(folder);
  for (const char* name : {"LOCK", "LOG", "IDENTITY", "MANIFEST-000001", "000001.dbtmp"}) {
    write_file(name);
  }
  EXPECT_TRUE(open());
}

TEST_F(FolderTest, ADatabaseWithoutAnyRowIsACreationThatWasCutShort) {
  std::filesystem::create_directories(folder);
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, folder.string(), &opened).ok());
  delete opened;
  EXPECT_TRUE(open());
  EXPECT_TRUE(open());
}

TEST_F(FolderTest, AStoreIsOpenedOnceAtATime) {
  const auto first = open();
  ASSERT_TRUE(first);
  EXPECT_EQ(open().error().code, ErrorCode::unavailable);
}

TEST_F(FolderTest, ADamagedRowIsCorruptAndItsTransactionCannotCommit) {
  make_store_with_phone();
  RawDatabase(folder).put(rocks::Table::schedules, rocks::schedule_key(id("PHONE-1")), "\x01gone");
  const auto store = open().value();
  const auto transaction = store->begin();
  ASSERT_TRUE(transaction->put_command(command("other"), now));
  EXPECT_EQ(transaction->next_command(phone, NotNow::offer, now).error().code, ErrorCode::corrupt);
  EXPECT_EQ(transaction->commit().error().code, ErrorCode::corrupt);
  EXPECT_EQ(store->counts().commands, 1u);
}

TEST_F(FolderTest, ANearlyFullDiskStopsWritesAndNothingElse) {
  make_store_with_phone();
  RocksdbOptions options = rocksdb_options(folder, StoreOptions{});
  options.free_bytes_min = ~std::size_t{0};
  const auto store = open_rocksdb_store(options).value();
  {
    const auto reading = store->begin();
    EXPECT_TRUE(reading->find_enrolment(phone).value());
    EXPECT_TRUE(reading->commit());
  }
  const auto writing = store->begin();
  ASSERT_TRUE(writing->put_command(command("other"), now));
  const auto refused = writing->commit();
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_EQ(store->counts().commands, 1u);
}

TEST_F(FolderTest, AnIdleDeviceWithNothingQueuedCostsNoWrite) {
  make_store_with_phone();
  const auto newest = [&] {
    // The bytes of the write-ahead log: every write goes there first.
    std::size_t bytes = 0;
    for (const auto& [name, content] : files_of(folder)) {
      if (name.ends_with(".log")) bytes += content.size();
    }
    return bytes;
  };
  const auto store = open().value();
  const auto exchange = [&] {
    const auto transaction = store->begin();
    ASSERT_TRUE(transaction->find_enrolment(phone));
    EXPECT_EQ(transaction->next_command(phone, NotNow::offer, now).value(), std::nullopt);
    ASSERT_TRUE(transaction->reschedule_wake(phone, std::nullopt, now));
    ASSERT_TRUE(transaction->touch(phone, now));
    ASSERT_TRUE(transaction->commit());
  };
  {
    const auto transaction = store->begin();
    ASSERT_TRUE(transaction->record_report(phone, {.text = "uuid"}, mdm::Status::acknowledged,
                                           "report", now));
    ASSERT_TRUE(transaction->commit());
  }
  exchange();  // the first touch
  const std::size_t before = newest();
  exchange();
  EXPECT_EQ(newest(), before);
}

}  // namespace
}  // namespace reveille::storage::testing
