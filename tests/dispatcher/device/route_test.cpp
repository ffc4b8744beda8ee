#include "dispatcher/device/route.h"

#include <gtest/gtest.h>

#include "tests/dispatcher/device/messages.h"

// protocol.md section 2: methods, paths and what tells a check-in from a connect.
namespace reveille::device {
namespace {

http::Request request(const std::string& method, const std::string& target,
                      const std::string& content_type = "", Bytes body = {}) {
  http::Request request;
  request.method = method;
  request.target = target;
  if (!content_type.empty()) request.headers.push_back({"content-type", content_type});
  request.body = std::move(body);
  return request;
}

TEST(RouteTest, MessagesArePutAndPostIsTakenToo) {
  EXPECT_EQ(route_of(request("PUT", "/mdm")), Route::message);
  EXPECT_EQ(route_of(request("PUT", "/checkin")), Route::message);
  EXPECT_EQ(route_of(request("POST", "/mdm")), Route::message);
  EXPECT_EQ(route_of(request("PUT", "/mdm?some=query")), Route::message);
  EXPECT_EQ(route_of(request("GET", "/mdm")), Route::wrong_method);
  EXPECT_EQ(route_of(request("HEAD", "/checkin")), Route::wrong_method);
}

TEST(RouteTest, ScepAndLinksHaveTheirPlaces) {
  EXPECT_EQ(route_of(request("GET", "/scep?operation=GetCACaps")), Route::scep);
  EXPECT_EQ(route_of(request("POST", "/scep")), Route::scep);
  EXPECT_EQ(route_of(request("GET", "/enrol/abc")), Route::profile);
  EXPECT_EQ(challenge_of(request("GET", "/enrol/abc?x=y")), "abc");
}

TEST(RouteTest, AllElseIsNotFound) {
  for (const char* target : {"/", "", "*", "/mdm/", "/MDM", "/enrol", "/enrol/", "/enrol/a/b",
                             "/scep/", "//mdm", "/mdm%00"}) {
    EXPECT_EQ(route_of(request("PUT", target)), Route::not_found) << target;
  }
}

TEST(RouteTest, AtOneUrlTheContentTypeTellsCheckInsFromConnects) {
  const IdentityKeys phone = device_channel("PHONE");
  EXPECT_TRUE(is_check_in(
      request("PUT", "/mdm", "application/x-apple-aspen-mdm-checkin", authenticate(phone))));
  EXPECT_FALSE(is_check_in(request("PUT", "/mdm", "application/x-apple-aspen-mdm", idle(phone))));
}

TEST(RouteTest, ParametersAndCaseOfTheContentTypeDoNotMatter) {
  for (const char* type : {"application/x-apple-aspen-mdm-checkin; charset=UTF-8",
                           "application/x-apple-aspen-mdm-checkin ;charset=UTF-8",
                           "Application/X-Apple-Aspen-MDM-CheckIn"}) {
    EXPECT_TRUE(is_check_in(request("PUT", "/mdm", type))) << type;
  }
  EXPECT_FALSE(is_check_in(request("PUT", "/mdm", "application/x-apple-aspen-mdm;charset=UTF-8")));
}

TEST(RouteTest, TheCheckInUrlTakesCheckInsAlone) {
  EXPECT_TRUE(is_check_in(request("PUT", "/checkin", "application/x-apple-aspen-mdm")));
  EXPECT_TRUE(is_check_in(request("PUT", "/checkin")));
}

TEST(RouteTest, WithoutAContentTypeAMessageTypeMakesItACheckIn) {
  const IdentityKeys phone = device_channel("PHONE");
  for (const char* type : {"", "text/xml"}) {
    EXPECT_TRUE(is_check_in(request("PUT", "/mdm", type, authenticate(phone))));
    EXPECT_FALSE(is_check_in(request("PUT", "/mdm", type, idle(phone))));
    EXPECT_FALSE(is_check_in(request("PUT", "/mdm", type, "MessageType, but no property list")));
    EXPECT_FALSE(is_check_in(request("PUT", "/mdm", type, "")));
  }
  const Bytes binary =
      plist::write_binary(plist::Dictionary{{"MessageType", "Authenticate"}, {"UDID", "PHONE"}});
  EXPECT_TRUE(is_check_in(request("PUT", "/mdm", "", binary)));
}

TEST(RouteTest, AMessageTypeInsideAnAnswerDoesNotMakeItACheckIn) {
  const Bytes answer = plist::write_xml(
      with(device_channel("PHONE"),
           {{"Status", "Acknowledged"},
            {"CommandUUID", "a"},
            {"Settings", plist::Array{plist::Dictionary{{"MessageType", "Authenticate"}}}}}));
  EXPECT_FALSE(is_check_in(request("PUT", "/mdm", "", answer)));
}

}  // namespace
}  // namespace reveille::device
