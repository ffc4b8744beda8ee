#pragma once

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

// Files of messages: the corpus that may lie beside a checkout, and tests/testdata within it.
namespace reveille::testing_support {

inline std::filesystem::path corpus_folder(const std::string& name) {
  return std::filesystem::path(REVEILLE_CORPUS) / name;
}

inline std::filesystem::path testdata_folder(const std::string& name) {
  return std::filesystem::path(REVEILLE_TESTDATA) / name;
}

// Fails the test when the file cannot be read: an absent file must not pass for an empty one.
inline std::string contents_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  EXPECT_TRUE(stream.is_open()) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline std::set<std::string> file_names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename() != "README.md") names.insert(entry.path().filename());
  }
  return names;
}

// What tables of rows cover, to hold against file_names_in().
template <typename... Tables>
std::set<std::string> files_of(const Tables&... tables) {
  std::set<std::string> names;
  const auto add = [&](const auto& table) {
    for (const auto& row : table) names.insert(row.file);
  };
  (add(tables), ...);
  return names;
}

// A test's parameter is named after its row's file.
struct NamedAfterFile {
  template <typename Row>
  std::string operator()(const testing::TestParamInfo<Row>& info) const {
    std::string name = info.param.file;
    for (char& character : name) {
      if (std::isalnum(static_cast<unsigned char>(character)) == 0) character = '_';
    }
    return name;
  }
};

}  // namespace reveille::testing_support

// For the start of a test or of SetUp().
#define SKIP_WITHOUT_CORPUS()                                                                   \
  if (!std::filesystem::is_directory(REVEILLE_CORPUS)) {                                        \
    GTEST_SKIP() << "it reads messages of real devices, which are not part of this repository"; \
  }                                                                                             \
  static_assert(true)
