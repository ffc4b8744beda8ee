#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "protocol/base/bytes.h"

namespace reveille::pki {

// One folder of the corpus of device messages; its tests are skipped where the corpus is absent.
class CorpusTest : public testing::Test {
 protected:
  explicit CorpusTest(const std::string& folder)
      : folder_(std::filesystem::path(REVEILLE_CORPUS) / folder) {}

  void SetUp() override {
    if (!std::filesystem::is_directory(folder_)) {
      GTEST_SKIP() << "it reads messages of real devices, which are not part of this repository";
    }
  }

  Bytes contents_of(const std::string& name) const {
    std::ifstream stream(folder_ / name, std::ios::binary);
    EXPECT_TRUE(stream.is_open()) << name;
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  // Fails when a file of the folder is in none of the tests.
  template <typename Names>
  void expect_only(const Names& names) const {
    size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      EXPECT_TRUE(names.contains(entry.path().filename().string())) << entry.path().filename();
      ++files;
    }
    EXPECT_EQ(files, names.size());
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace reveille::pki
