// Declarative management and discovery speak JSON and text, which no parser of protocol/ reads yet:
// the files are held against what the index of the corpus says, so that the parsers to come start
// from files that are known.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <boost/url/params_encoded_view.hpp>
#include <boost/url/parse_query.hpp>
#include <fstream>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/mdm/check_in.h"
#include "tests/support/message_files.h"

namespace reveille::mdm {
namespace {

namespace json = boost::json;
using testing_support::contents_of;
using testing_support::corpus_folder;
using testing_support::file_names_in;
using testing_support::files_of;
using testing_support::NamedAfterFile;

// The value at a JSON pointer (RFC 6901): equal to `value`, or of so many elements, or absent.
struct JsonFact {
  std::string pointer;
  std::optional<json::value> value;
  std::optional<std::size_t> count;
};

JsonFact is(std::string pointer, json::value value) {
  return {std::move(pointer), std::move(value), std::nullopt};
}
JsonFact has(std::string pointer, std::size_t count) {
  return {std::move(pointer), std::nullopt, count};
}
JsonFact lacks(std::string pointer) { return {std::move(pointer), std::nullopt, std::nullopt}; }

struct JsonFile {
  const char* file;
  std::vector<JsonFact> facts;

  friend void PrintTo(const JsonFile& row, std::ostream* out) { *out << row.file; }
};

const std::vector<JsonFile> ddm_files = {
    {"declaration-activation-three.json",
     {is("/ServerToken", "8f700d70-f2d6-5b02-926d-ff36b5e47260"),
      has("/Payload/StandardConfigurations", 3), is("/Type", "com.apple.activation.simple")}},
    {"declaration-items.json",
     {has("/Declarations/Configurations", 1), is("/DeclarationsToken", "ed534ed640fa03dc")}},
    {"declaration-legacy-profile.json", {is("/Type", "com.apple.configuration.legacy")}},
    {"declaration-organization-info.json",
     {is("/Type", "com.apple.management.organization-info"), lacks("/ServerToken")}},
    {"declaration-software-update-settings.json",
     {is("/Type", "com.apple.configuration.softwareupdate.settings"), lacks("/ServerToken")}},
    {"declaration-status-subscriptions.json",
     {is("/Type", "com.apple.configuration.management.status-subscriptions"),
      has("/Payload/StatusItems", 2)}},
    {"declaration-test-servertoken.json",
     {is("/Type", "com.apple.configuration.management.test"),
      is("/ServerToken", "cfc394dc3f39b8da909bdf1b2cae3a22a405e49f")}},
    {"status-errors-and-fullreport.json", {is("/FullReport", true), has("/Errors", 1)}},
    {"status-ios-16-beta-invalid-configurations.json",
     {has("/StatusItems/management/declarations/activations", 1),
      has("/StatusItems/management/declarations/configurations", 3),
      has("/StatusItems/management/declarations/assets", 0),
      has("/StatusItems/management/declarations/management", 1), has("/Errors", 0)}},
    {"status-macos-13.3.1-first.json",
     {is("/StatusItems/device/identifier/udid", "0000FE00-5FADE97DCBBBEDA5"),
      has("/StatusItems/management/declarations/activations", 0),
      has("/StatusItems/management/declarations/configurations", 0),
      has("/StatusItems/management/declarations/assets", 0),
      has("/StatusItems/management/declarations/management", 0)}},
    {"status-macos-13.3.1-supplemental.json",
     {is("/StatusItems/device/operating-system/supplemental/build-version", "22E772610a"),
      has("/StatusItems/management/declarations/activations", 1),
      has("/StatusItems/management/declarations/configurations", 2)}},
    {"status-predicate-false-unknown-type.json",
     {lacks("/Errors"),
      is("/StatusItems/management/declarations/configurations/0/valid", "unknown"),
      is("/StatusItems/management/declarations/activations/0/reasons/0/code", "Info.Predicate")}},
    {"tokens.json",
     {is("/SyncTokens/DeclarationsToken", "ed534ed640fa03dc"),
      is("/SyncTokens/Timestamp", "2022-08-08T22:45:10Z")}},
};

const std::vector<JsonFile> discovery_files = {
    {"error-softwareupdate-required.json",
     {is("/code", "com.apple.softwareupdate.required"), is("/details/OSVersion", "17.5.1")}},
    {"mdmserviceconfig.json",
     {has("", 2), is("/dep_enrollment_url", "https://mdm.example.org/mdm/dep_enroll")}},
    {"wellknown-mdm-byod.json", {has("/Servers", 1), is("/Servers/0/Version", "mdm-byod")}},
};

struct TextFile {
  const char* file;
};
const std::vector<TextFile> discovery_texts = {{"enroll-401-www-authenticate.txt"},
                                               {"wellknown-request-queries.txt"}};

std::optional<std::size_t> count_of(const json::value& value) {
  if (const auto* array = value.if_array()) return array->size();
  if (const auto* object = value.if_object()) return object->size();
  return std::nullopt;
}

void expect_facts(const std::string& text, const std::vector<JsonFact>& facts) {
  boost::system::error_code parse_error;
  const json::value root = json::parse(text, parse_error);
  ASSERT_FALSE(parse_error) << parse_error.message();
  for (const JsonFact& fact : facts) {
    boost::system::error_code error;
    const json::value* found = root.find_pointer(fact.pointer, error);
    const bool expected = fact.value || fact.count;
    ASSERT_EQ(found != nullptr, expected) << fact.pointer;
    if (fact.value) {
      EXPECT_EQ(*found, *fact.value) << fact.pointer;
    }
    if (fact.count) {
      EXPECT_EQ(count_of(*found), fact.count) << fact.pointer;
    }
  }
}

class DdmFileTest : public testing::TestWithParam<JsonFile> {};
class DiscoveryFileTest : public testing::TestWithParam<JsonFile> {};

TEST_P(DdmFileTest, HoldsWhatTheIndexSays) {
  SKIP_WITHOUT_CORPUS();
  expect_facts(contents_of(corpus_folder("ddm") / GetParam().file), GetParam().facts);
}

TEST_P(DiscoveryFileTest, HoldsWhatTheIndexSays) {
  SKIP_WITHOUT_CORPUS();
  expect_facts(contents_of(corpus_folder("discovery") / GetParam().file), GetParam().facts);
}

INSTANTIATE_TEST_SUITE_P(Json, DdmFileTest, testing::ValuesIn(ddm_files), NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(Json, DiscoveryFileTest, testing::ValuesIn(discovery_files),
                         NamedAfterFile());

// The envelope of a status report is a check-in message; its Data is the report, byte for byte.
TEST(DdmEnvelopeTest, TheReportInACheckInIsTheReportByItself) {
  SKIP_WITHOUT_CORPUS();
  for (const auto& [envelope, report] :
       {std::pair("declarativemanagement-status-macos-13.3.1.plist",
                  "status-macos-13.3.1-supplemental.json"),
        std::pair("declarativemanagement-status-nonascii.plist",
                  "status-predicate-false-unknown-type.json")}) {
    const auto check_in = parse_check_in(contents_of(corpus_folder("check-in") / envelope));
    ASSERT_TRUE(check_in) << envelope;
    const auto& management = std::get<DeclarativeManagement>(*check_in);
    EXPECT_EQ(management.endpoint, "status");
    EXPECT_EQ(management.data, contents_of(corpus_folder("ddm") / report)) << envelope;
  }
}

TEST(DiscoveryTextTest, TheChallengeOfTheFirstEnrolmentRequestNamesMethodAndUrl) {
  SKIP_WITHOUT_CORPUS();
  EXPECT_EQ(contents_of(corpus_folder("discovery") / "enroll-401-www-authenticate.txt"),
            "Bearer method=\"apple-as-web\", "
            "url=\"https://mdm.example.org/mdm-byod/authenticate\"");
}

TEST(DiscoveryTextTest, TheQueriesNameAUserAndPerhapsAModel) {
  SKIP_WITHOUT_CORPUS();
  std::ifstream lines(corpus_folder("discovery") / "wellknown-request-queries.txt");
  std::vector<std::string> users;
  std::size_t with_model = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto query = boost::urls::parse_query(line);
    ASSERT_TRUE(query) << line;
    for (const auto& parameter : *query) {
      if (parameter.key == "user-identifier") users.push_back(parameter.value.decode());
      if (parameter.key == "model-family") ++with_model;
    }
  }
  EXPECT_EQ(users, (std::vector<std::string>{"user01@example.com", "user01@example.com",
                                             "jane+tag@example.com"}));
  EXPECT_EQ(with_model, 2u);
}

TEST(CorpusJsonFilesTest, EveryFileHasARow) {
  SKIP_WITHOUT_CORPUS();
  EXPECT_EQ(file_names_in(corpus_folder("ddm")), files_of(ddm_files));
  EXPECT_EQ(file_names_in(corpus_folder("discovery")), files_of(discovery_files, discovery_texts));
}

// A folder that is added to the corpus needs tests: name here who reads it.
TEST(CorpusTest, EveryFolderIsReadBySomeTest) {
  SKIP_WITHOUT_CORPUS();
  const std::set<std::string> read = {
      "plist",                                 // protocol/plist
      "check-in", "results",   "commands",     // protocol/mdm
      "ddm",      "discovery",                 // here
      "profiles",                              // protocol/profile
      "apns",                                  // protocol/apns
      "signed",   "scep",      "attestation",  // protocol/pki
  };
  std::set<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(REVEILLE_CORPUS)) {
    if (entry.is_directory() && entry.path().filename() != "LICENSES") {
      folders.insert(entry.path().filename());
    }
  }
  EXPECT_EQ(folders, read);
}

}  // namespace
}  // namespace reveille::mdm
