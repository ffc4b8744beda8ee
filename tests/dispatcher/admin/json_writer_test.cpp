#include "dispatcher/admin/json_writer.h"

#include <gtest/gtest.h>

#include "dispatcher/admin/route_table.h"
#include "dispatcher/admin/time_text.h"

namespace reveille::admin {
namespace {

std::string text(std::string_view value) {
  JsonWriter json;
  json.value(value);
  return json.finish();
}

TEST(JsonWriter, NestsWithTabsAndKeepsTheOrderOfKeys) {
  JsonWriter json;
  json.begin_object();
  json.member("z", 1);
  json.key("a");
  json.begin_array();
  json.value("x");
  json.value(true);
  json.end_array();
  json.end_object();

  EXPECT_EQ(json.finish(), "{\n\t\"z\": 1,\n\t\"a\": [\n\t\t\"x\",\n\t\ttrue\n\t]\n}\n");
}

TEST(JsonWriter, EmptyBracketsStayOnOneLine) {
  JsonWriter json;
  json.begin_object();
  json.key("list");
  json.begin_array();
  json.end_array();
  json.key("object");
  json.begin_object();
  json.end_object();
  json.end_object();

  EXPECT_EQ(json.finish(), "{\n\t\"list\": [],\n\t\"object\": {}\n}\n");
}

TEST(JsonWriter, EscapesWhatBrowsersWouldTakeForMarkup) {
  EXPECT_EQ(text("<a&b>"), "\"\\u003ca\\u0026b\\u003e\"\n");
}

TEST(JsonWriter, EscapesQuotesBackslashesAndControlCharacters) {
  EXPECT_EQ(text("\"\\\n\r\t\x01"), "\"\\\"\\\\\\n\\r\\t\\u0001\"\n");
}

TEST(JsonWriter, KeepsUtf8AndReplacesWhatIsNot) {
  EXPECT_EQ(text("Zürich 📱"), "\"Zürich 📱\"\n");
  EXPECT_EQ(text("\xff"), "\"\\ufffd\"\n");
  EXPECT_EQ(text("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"\n");
  EXPECT_EQ(text("\xc3"), "\"\\ufffd\"\n");
  EXPECT_EQ(text("\xe2\x80\xa8"), "\"\\u2028\"\n");
}

TEST(TimeText, IsRfc3339InUtc) {
  using namespace std::chrono_literals;
  const auto time =
      std::chrono::sys_days{std::chrono::November / 24 / 2027} + 9h + 12min + 54s + 999ms;

  EXPECT_EQ(time_text(std::chrono::time_point_cast<std::chrono::milliseconds>(time)),
            "2027-11-24T09:12:54Z");
}

TEST(RouteTable, SegmentsAreDecodedAfterTheyWereSplit) {
  const auto parameters = match_path("/v1/deliveries/{}/{}", "/v1/deliveries/A%2FB/U-1");

  ASSERT_TRUE(parameters);
  EXPECT_EQ(*parameters, (std::vector<std::string>{"A/B", "U-1"}));
}

TEST(RouteTable, TheRestMayBeEmptyAndHoldSlashes) {
  EXPECT_EQ(match_path("/v1/push/{*}", "/v1/push/")->front(), "");
  EXPECT_EQ(match_path("/v1/push/{*}", "/v1/push/A/B")->front(), "A/B");
}

TEST(RouteTable, OtherPathsDoNotMatch) {
  EXPECT_FALSE(match_path("/v1/enrolments/{}", "/v1/enrolments"));
  EXPECT_FALSE(match_path("/v1/enrolments/{}", "/v1/enrolments/"));
  EXPECT_FALSE(match_path("/v1/enrolments/{}", "/v1/enrolments/A/B"));
  EXPECT_FALSE(match_path("/v1/enrolments/{}", "/v1/enrolments/%zz"));
  EXPECT_FALSE(match_path("/v1/status", "/v1/status/"));
  EXPECT_FALSE(match_path("/v1/status", ""));
}

}  // namespace
}  // namespace reveille::admin
