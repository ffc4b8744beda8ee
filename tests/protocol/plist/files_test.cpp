// Property lists as files: a row for every one of the corpus and of our own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "protocol/plist/parse.h"
#include "tests/protocol/plist/documents.h"
#include "tests/support/message_files.h"

namespace reveille::plist {
namespace {

using testing_support::contents_of;
using testing_support::corpus_folder;
using testing_support::file_names_in;
using testing_support::files_of;
using testing_support::NamedAfterFile;
using testing_support::testdata_folder;

struct AcceptedFile {
  const char* file;
  Value value;

  friend void PrintTo(const AcceptedFile& row, std::ostream* out) { *out << row.file; }
};

struct RefusedFile {
  const char* file;
  const char* reason;  // in the detail

  friend void PrintTo(const RefusedFile& row, std::ostream* out) { *out << row.file; }
};

// Equal to another file of the corpus.
struct SameFile {
  const char* file;
  const char* folder;
  const char* other;

  friend void PrintTo(const SameFile& row, std::ostream* out) { *out << row.file; }
};

// Read as they are: too large to repeat here. Some of what they hold is asserted below.
struct LongFile {
  const char* file;
};

const Value key_val = Dictionary{{"key", "val"}};
const Value emoji =
    Dictionary{{"emojiString",
                "Test Test, \xf0\x9f\x98\xb0\xe2\x9d\x94\xf0\x9f\x91\x8d\xf0\x9f\x91\x8e"
                "\xf0\x9f\x94\xa5"}};
constexpr double infinity = std::numeric_limits<double>::infinity();

Value at(std::int64_t seconds_since_1970) {
  return Date{std::chrono::sys_seconds(std::chrono::seconds(seconds_since_1970))};
}

const std::vector<AcceptedFile> corpus_accepted = {
    {"binary-idle-macos.plist",
     Dictionary{{"Status", "Idle"}, {"UDID", "D4D56083-BFB0-5047-8BDF-2727BACDC59B"}}},
    {"binary-infinity.plist", Dictionary{{"a", infinity}, {"b", -infinity}}},
    {"binary-test1.plist",
     Dictionary{{"keyA", "valueA"},
                {"key&B", "value&B"},
                {"date", at(1'322'472'090)},
                {"data", Data{std::string("\x00\x00\x00\x04\x10\x41\x08\x20\x82", 9)}},
                {"array", Array{true, false, 87, 3.14159}}}},
    {"binary-top-level-real.plist", Value(2.718280076980591)},
    {"binary-utf16-emoji.plist", emoji},
    {"xml-comment.plist", Dictionary{{"key", "val"}, {"key2", Array{"val1", "val2"}}}},
    {"xml-curly-apostrophe.plist", Dictionary{{"Device Name", "Kid\xe2\x80\x99s iPhone"}}},
    {"xml-emoji.plist", emoji},
    // Not well-formed, but nothing can be misread: read as CoreFoundation does.
    {"xml-empty-doctype.plist", key_val},
    {"xml-empty-xml.plist", key_val},
    {"xml-entities.plist", "Lot&s of &persand&s and other escapable \"'<>\xe2\x82\xac characters"},
    {"xml-negative.plist", Dictionary{{"number", -1234},
                                      {"number2", std::numeric_limits<std::int64_t>::max()},
                                      {"number3", -3.12312423423},
                                      {"number4", std::numeric_limits<std::int64_t>::min()},
                                      {"number5", 2.352535353543534e+19},
                                      {"number6", -999992312312312.2}}},
    {"xml-no-both.plist", key_val},
    {"xml-no-doctype.plist", key_val},
    {"xml-no-plist-version.plist", key_val},
    {"xml-unusual-01.plist", Dictionary{{"copyright", "\xc2\xa9"}}},
    {"xml-unusual-02.plist", Dictionary{{"name", "value"}}},
    {"xml-unusual-04.plist", Dictionary{{"", "value"}}},
    {"xml-unusual-11.plist", Dictionary{{"test", "libplist"}}},
    {"xml-valid.plist", key_val},
};

const std::vector<SameFile> corpus_same = {
    {"binary-authenticate-macos-10.12.6.plist", "check-in",
     "authenticate-macos-10.12.6-device.plist"},
    {"binary-tokenupdate-ios-9.3.5.plist", "check-in",
     "tokenupdate-ios-9.3.5-device-unlocktoken.plist"},
    {"xml-bom-idle.plist", "results", "idle-macos-device.plist"},
};

const std::vector<LongFile> corpus_long = {{"binary-sample2.plist"}};

const std::vector<RefusedFile> corpus_refused = {
    {"binary-crasher-micromdm-00.plist", ""},
    {"binary-crasher-micromdm-01.plist", ""},
    {"binary-crasher-micromdm-02.plist", ""},
    {"binary-crasher-micromdm-04.plist", ""},
    {"binary-crasher-micromdm-05.plist", ""},
    {"binary-crasher-micromdm-06.plist", ""},
    {"binary-crasher-micromdm-08.plist", ""},
    {"binary-crasher-micromdm-09.plist", ""},
    {"binary-crasher-micromdm-10.plist", ""},
    {"binary-issue42.plist", ""},
    {"binary-issue72.plist", ""},
    {"binary-truncated-authenticate.plist", ""},
    {"bplist01.plist", "unknown version of binary property lists"},
    {"crasher-ddplist-00.plist", ""},
    {"crasher-ddplist-02.plist", ""},
    {"crasher-ddplist-03.plist", ""},
    {"crasher-ddplist-04.plist", ""},
    {"crasher-ddplist-06.plist", ""},
    {"crasher-ddplist-07.plist", ""},
    {"crasher-ddplist-08.plist", ""},
    {"crasher-ddplist-10.plist", ""},
    {"crasher-ddplist-11.plist", ""},
    {"crasher-ddplist-12.plist", ""},
    {"crasher-ddplist-14.plist", ""},
    {"crasher-ddplist-15.plist", ""},
    {"crasher-ddplist-16.plist", ""},
    {"issue73-1.plist", ""},
    {"issue73-3.plist", "unknown version of binary property lists"},
    {"issue73-4.plist", ""},
    {"openstep.plist", "text between elements"},
    {"xml-deep-nesting.plist", "nested too deeply"},
    {"xml-entity-expansion.plist", "a DOCTYPE with declarations of its own"},
    {"xml-invalid-before-plist.plist", "text between elements"},
    {"xml-invalid-data.plist", "text between elements"},
    {"xml-invalid-middle.plist", "text between elements"},
    {"xml-invalid-start.plist", "text between elements"},
    {"xml-no-dict-end.plist", "an end tag that does not match its start"},
    {"xml-no-plist-end.plist", "an element does not end"},
    {"xml-swapped.plist", "an XML declaration that is not at the start"},
    {"xml-truncated-tokenupdate.plist", "an element does not end"},
    {"xml-unescaped-plist.plist", ""},
    {"xml-unusual-05.plist", ""},
    {"xml-unusual-07.plist", ""},
    {"xml-unusual-08.plist", "text between elements"},
    {"xml-unusual-10.plist", ""},
    {"xml-utf16be-bom.plist", "UTF-16 and UTF-32 are refused"},
    {"xml-utf32le-bom.plist", "UTF-16 and UTF-32 are refused"},
};

Bytes first_bytes(int count) {
  Bytes bytes;
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

const Value amber = Dictionary{{"colour", "amber"}};
const Value all_types = Dictionary{
    {"Truth", true},
    {"Untruth", false},
    {"Small", 7},
    {"Negative", -300},
    {"Wide", std::int64_t{1'099'511'627'779}},
    {"Unsigned", Integer{std::numeric_limits<std::int64_t>::min() + 5, true}},
    {"Real", -12.625},
    {"Text", "Caf\xc3\xa9 \xe2\x80\x99 \xf0\x9f\x94\x94"},
    {"Bytes", Data{first_bytes(40)}},
    {"When", at(1'709'251'198)},
    {"List", Array{1, Array{}, Dictionary{}}},
    {"Nested", Dictionary{{"Deeper", Dictionary{{"Deepest", "bottom"}}}}},
};

const std::vector<AcceptedFile> own_accepted = {
    {"binary-all-types.plist", all_types},
    {"binary-uid.plist", Dictionary{{"$top", Uid{300}}}},
    {"xml-all-types.plist", all_types},
    {"xml-bare.plist", amber},
    {"xml-byte-order-mark.plist", amber},
    {"xml-comments.plist", amber},
    {"xml-entities-and-cdata.plist", Dictionary{{"a & b", "<>\"'\xe2\x80\x99\xc3\xa9<raw> & "}}},
    {"xml-hexadecimal-integers.plist", Array{31, -31, Integer{-1, true}}},
    {"xml-leading-newline.plist", amber},
    {"xml-plain.plist", amber},
    {"xml-repeated-key.plist", amber},
};

const std::vector<RefusedFile> own_refused = {
    {"binary-truncated.plist", ""},
    {"refused-binary-cycle.plist", "contains itself"},
    {"refused-binary-huge-size.plist", "does not fit"},
    {"refused-binary-shared-children.plist", "too many values"},
    {"refused-binary-version.plist", "unknown version of binary property lists"},
    {"refused-deep-nesting.plist", "nested too deeply"},
    {"refused-entity-declarations.plist", "a DOCTYPE with declarations of its own"},
    {"refused-external-entity.plist", "a DOCTYPE with declarations of its own"},
    {"refused-json.plist", "text between elements"},
    {"refused-latin1.plist", "not UTF-8"},
    {"refused-no-end.plist", "an element does not end"},
    {"refused-not-base64.plist", "<data> is not base64"},
    {"refused-openstep.plist", "text between elements"},
    {"refused-plain-text.plist", "text between elements"},
    {"refused-tail.plist", "text between elements"},
    {"refused-text-in-dictionary.plist", "text between elements"},
    {"refused-utf16.plist", "UTF-16 and UTF-32 are refused"},
    {"refused-utf32.plist", "UTF-16 and UTF-32 are refused"},
};

class CorpusAcceptedFileTest : public testing::TestWithParam<AcceptedFile> {};
class CorpusSameFileTest : public testing::TestWithParam<SameFile> {};
class CorpusRefusedFileTest : public testing::TestWithParam<RefusedFile> {};
class OwnAcceptedFileTest : public testing::TestWithParam<AcceptedFile> {};
class OwnRefusedFileTest : public testing::TestWithParam<RefusedFile> {};

TEST_P(CorpusAcceptedFileTest, IsReadAsTheIndexSays) {
  SKIP_WITHOUT_CORPUS();
  EXPECT_EQ(accepted(contents_of(corpus_folder("plist") / GetParam().file)), GetParam().value);
}

TEST_P(CorpusSameFileTest, HoldsTheSameAsItsOriginal) {
  SKIP_WITHOUT_CORPUS();
  EXPECT_EQ(accepted(contents_of(corpus_folder("plist") / GetParam().file)),
            accepted(contents_of(corpus_folder(GetParam().folder) / GetParam().other)));
}

TEST_P(CorpusRefusedFileTest, IsRefused) {
  SKIP_WITHOUT_CORPUS();
  EXPECT_THAT(refusal(contents_of(corpus_folder("plist") / GetParam().file)),
              testing::HasSubstr(GetParam().reason));
}

TEST_P(OwnAcceptedFileTest, IsReadAsItsNameSays) {
  EXPECT_EQ(accepted(contents_of(testdata_folder("plist") / GetParam().file)), GetParam().value);
}

TEST_P(OwnRefusedFileTest, IsRefused) {
  EXPECT_THAT(refusal(contents_of(testdata_folder("plist") / GetParam().file)),
              testing::HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(Plist, CorpusAcceptedFileTest, testing::ValuesIn(corpus_accepted),
                         NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(Plist, CorpusSameFileTest, testing::ValuesIn(corpus_same),
                         NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(Plist, CorpusRefusedFileTest, testing::ValuesIn(corpus_refused),
                         NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(Plist, OwnAcceptedFileTest, testing::ValuesIn(own_accepted),
                         NamedAfterFile());
INSTANTIATE_TEST_SUITE_P(Plist, OwnRefusedFileTest, testing::ValuesIn(own_refused),
                         NamedAfterFile());

TEST(CorpusPlistTest, ALongBinaryListOfManyTypesIsRead) {
  SKIP_WITHOUT_CORPUS();
  const Value value = accepted(contents_of(corpus_folder("plist") / "binary-sample2.plist"));

  const auto* dictionary = value.get_if<Dictionary>();
  ASSERT_NE(dictionary, nullptr);
  EXPECT_EQ(*dictionary->find("signed"), Value(-1));
  EXPECT_EQ(*dictionary->find("ints"), Value(Array{0, 42, -42, 255, -255, -123456,
                                                   std::numeric_limits<std::int64_t>::min() + 1,
                                                   std::numeric_limits<std::int64_t>::max()}));
}

TEST(CorpusPlistTest, AListThatIsNoDictionaryIsNoMessage) {
  SKIP_WITHOUT_CORPUS();
  EXPECT_FALSE(
      parse_dictionary(contents_of(corpus_folder("plist") / "binary-top-level-real.plist")));
}

TEST(CorpusPlistTest, EveryFileHasARow) {
  SKIP_WITHOUT_CORPUS();
  EXPECT_EQ(file_names_in(corpus_folder("plist")),
            files_of(corpus_accepted, corpus_same, corpus_long, corpus_refused));
}

TEST(OwnPlistTest, EveryFileHasARow) {
  EXPECT_EQ(file_names_in(testdata_folder("plist")), files_of(own_accepted, own_refused));
}

}  // namespace
}  // namespace reveille::plist
