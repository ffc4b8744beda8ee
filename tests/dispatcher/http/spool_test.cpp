#include "dispatcher/http/spool.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace reveille::http {
namespace {

class SpoolTest : public testing::Test {
 protected:
  SpoolTest() {
    std::string path = std::filesystem::temp_directory_path() / "reveille-spool.XXXXXX";
    folder_ = ::mkdtemp(path.data());
  }
  ~SpoolTest() override { std::filesystem::remove_all(folder_); }

  SpoolOptions options() const {
    return {.folder = folder_, .bytes_max = 100'000, .free_bytes_min = 0};
  }

  std::filesystem::path folder_;
};

TEST_F(SpoolTest, AFileGivesBackWhatWasPutInItWholeAndInPieces) {
  Spool spool(options());
  const auto file = spool.open().value();
  ASSERT_TRUE(file->append("a body "));
  ASSERT_TRUE(file->append("in two parts"));

  EXPECT_EQ(file->bytes(), 19u);
  EXPECT_EQ(file->map()->bytes(), "a body in two parts");
  EXPECT_EQ(file->read(0, 6).value(), "a body");
  EXPECT_EQ(file->read(7, 100).value(), "in two parts");
  EXPECT_EQ(file->read(19, 1).value(), "");
}

TEST_F(SpoolTest, AnEmptyFileIsMappedAsNothing) {
  Spool spool(options());
  EXPECT_EQ(spool.open().value()->map()->bytes(), "");
}

TEST_F(SpoolTest, FilesHaveNoNames) {
  Spool spool(options());
  const auto file = spool.open().value();
  ASSERT_TRUE(file->append("bytes"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(SpoolTest, AllFilesShareTheRoomUntilTheyAreGone) {
  Spool spool(options());
  const auto first = spool.open().value();
  ASSERT_TRUE(first->append(Bytes(60'000, 'x')));
  auto second = spool.open().value();
  ASSERT_TRUE(second->append(Bytes(40'000, 'x')));
  EXPECT_FALSE(first->append("x"));
  EXPECT_EQ(spool.bytes_held(), 100'000u);

  second.reset();
  EXPECT_TRUE(first->append(Bytes(40'000, 'x')));
}

TEST_F(SpoolTest, ADiskThatIsNearlyFullTakesNothing) {
  SpoolOptions crowded = options();
  crowded.free_bytes_min = std::filesystem::space(folder_).capacity + 1;
  Spool spool(crowded);
  EXPECT_FALSE(spool.open().value()->append("x"));
  EXPECT_EQ(spool.bytes_held(), 0u);
}

TEST_F(SpoolTest, AFolderThatIsNotThereIsUnavailable) {
  SpoolOptions elsewhere = options();
  elsewhere.folder = folder_ / "missing";
  EXPECT_EQ(Spool(elsewhere).open().error().code, ErrorCode::unavailable);
}

TEST_F(SpoolTest, AFileOutlivesItsSpool) {
  auto spool = std::make_unique<Spool>(options());
  const auto file = spool->open().value();
  spool.reset();
  EXPECT_TRUE(file->append("bytes"));
}

}  // namespace
}  // namespace reveille::http
