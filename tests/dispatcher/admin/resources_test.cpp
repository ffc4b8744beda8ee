#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "dispatcher/http/body_source.h"
#include "protocol/base/base64.h"
#include "protocol/plist/parse.h"
#include "tests/dispatcher/admin/router_fixture.h"

namespace reveille::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ResourcesTest : public RouterTest {
 protected:
  boost::json::object object_of(const http::Response& response) {
    return boost::json::parse(response.body).as_object();
  }

  std::string uuid_of(const http::Response& response) {
    return object_of(response).at("command_uuid").as_string().c_str();
  }

  void answer(const std::string& id, const std::string& uuid, mdm::Status status,
              const std::string& body) {
    run([&](storage::Transaction& transaction) {
      const mdm::EnrolmentId enrolment(id);
      ASSERT_TRUE(transaction.next_command(enrolment, storage::NotNow::offer, clock_.wall));
      ASSERT_TRUE(
          transaction.record_report(enrolment, mdm::CommandUuid{uuid}, status, body, clock_.wall));
    });
  }

  // The body of an answer that is sent in parts.
  std::vector<Bytes> parts_of(const http::Response& response) {
    std::vector<Bytes> parts;
    for (std::uint64_t left = response.source ? response.source->bytes() : 0; left > 0;) {
      std::optional<Result<Bytes>> part;
      boost::asio::co_spawn(
          context_, response.source->next(),
          [&](std::exception_ptr, Result<Bytes> read) { part = std::move(read); });
      context_.restart();
      const auto work = boost::asio::make_work_guard(context_);
      while (!part) context_.run_one();
      if (!*part || (*part)->empty()) break;
      left -= (*part)->size();
      parts.push_back(**std::move(part));
    }
    return parts;
  }
};

TEST_F(ResourcesTest, TheStatusCountsWhatTheStoreHolds) {
  enrol("A");
  ask("PUT", "/v1/enqueue/A", command("U-1"));
  clock_.steady += std::chrono::seconds(90);

  const boost::json::object status = object_of(ask("GET", "/v1/status"));

  EXPECT_EQ(status.at("version"), "1.2.3");
  EXPECT_EQ(status.at("uptime_seconds"), 90);
  EXPECT_EQ(status.at("counts").at("enrolments_enrolled"), 1);
  EXPECT_EQ(status.at("counts").at("deliveries_live"), 1);
  EXPECT_EQ(status.at("apns").at("topic"), topic);
  EXPECT_EQ(status.at("exchanges").at("connect"), 3);
  EXPECT_EQ(status.at("refusals").at("certificate_revoked"), 2);
}

TEST_F(ResourcesTest, EnrolmentsAreListedPageByPage) {
  for (const char* id : {"A", "B", "C"}) enrol(id);

  const boost::json::object first = object_of(ask("GET", "/v1/enrolments?limit=2"));
  const boost::json::object second = object_of(ask("GET", "/v1/enrolments?limit=2&after=B"));

  EXPECT_EQ(first.at("enrolments").as_array().size(), 2u);
  EXPECT_EQ(first.at("next"), "B");
  EXPECT_EQ(second.at("enrolments").at(0).at("id"), "C");
  EXPECT_FALSE(second.contains("next"));
}

TEST_F(ResourcesTest, EnrolmentsAreListedByState) {
  for (const char* id : {"A", "B", "C"}) enrol(id);
  run([&](storage::Transaction& transaction) {
    ASSERT_TRUE(transaction.end_enrolment(mdm::EnrolmentId("B"), storage::EndReason::checked_out,
                                          clock_.wall));
  });

  const boost::json::object ended = object_of(ask("GET", "/v1/enrolments?state=ended"));

  ASSERT_EQ(ended.at("enrolments").as_array().size(), 1u);
  EXPECT_EQ(ended.at("enrolments").at(0).at("id"), "B");
  EXPECT_FALSE(ended.contains("next"));
}

TEST_F(ResourcesTest, AWrongPageIsRefused) {
  EXPECT_EQ(ask("GET", "/v1/enrolments?limit=0").status, 400);
  EXPECT_EQ(ask("GET", "/v1/enrolments?limit=many").status, 400);
  EXPECT_EQ(ask("GET", "/v1/enrolments?state=lost").status, 400);
}

TEST_F(ResourcesTest, AnEnrolmentIsShownWithItsWorkAndWithoutItsSecrets) {
  enrol("A");
  ask("PUT", "/v1/enqueue/A", command("U-1"));

  const http::Response response = ask("GET", "/v1/enrolments/A");

  const boost::json::object shown = object_of(response);
  EXPECT_EQ(shown.at("state"), "enrolled");
  EXPECT_EQ(shown.at("serial_number"), "SERIAL-A");
  EXPECT_EQ(shown.at("queue").at("ready"), 1);
  EXPECT_EQ(shown.at("wake").at("why"), "its push is due");
  EXPECT_EQ(shown.at("deliveries").at(0).at("command_uuid"), "U-1");
  EXPECT_EQ(shown.at("authenticated_at"), "2026-01-15T00:00:00Z");
  EXPECT_THAT(response.body, Not(HasSubstr("magic of A")));
  EXPECT_THAT(response.body, Not(HasSubstr("token of A")));
}

TEST_F(ResourcesTest, AnUnknownEnrolmentIs404) {
  const http::Response response = ask("GET", "/v1/enrolments/nobody");

  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "{\n\t\"error\": \"no such enrolment\"\n}\n");
}

TEST_F(ResourcesTest, ARequestTypeWithParametersBecomesACommand) {
  enrol("A");

  const http::Response response = ask("POST", "/v1/commands",
                                      R"({"enrolments": ["A"], "request_type": "DeviceLock",
              "parameters": {"PIN": "123456", "Count": 3, "Deep": {"Yes": true, "Half": 0.5,
                             "List": [1, "two"], "Blob": {"$data": "AAEC"}}}})");

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(object_of(response).at("queued"), 1);
  EXPECT_EQ(object_of(response).at("pushed"), 1);
  std::optional<mdm::Command> stored;
  run([&](storage::Transaction& transaction) {
    stored = *transaction.find_command(mdm::CommandUuid{uuid_of(response)});
  });
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->request_type, "DeviceLock");
  const auto message = plist::parse_dictionary(stored->body);
  ASSERT_TRUE(message);
  const plist::Dictionary expected = {
      {"RequestType", "DeviceLock"},
      {"PIN", "123456"},
      {"Count", 3},
      {"Deep", plist::Dictionary{{"Yes", true},
                                 {"Half", 0.5},
                                 {"List", plist::Array{1, "two"}},
                                 {"Blob", plist::Data{Bytes("\0\1\2", 3)}}}}};
  EXPECT_EQ(*message->find("Command"), plist::Value(expected));
}

TEST_F(ResourcesTest, TheSameRequestTypeAndUuidContinueOneCommand) {
  enrol("A");
  enrol("B");
  const std::string rest = R"("request_type": "ProfileList", "command_uuid": "U-7"})";

  ask("POST", "/v1/commands", R"({"enrolments": ["A"], )" + rest);
  const http::Response second = ask("POST", "/v1/commands", R"({"enrolments": ["B"], )" + rest);

  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(store_->counts().commands, 1u);
  EXPECT_EQ(store_->counts().deliveries_live, 2u);
}

TEST_F(ResourcesTest, ACommandIsTakenAsXmlTextAndAsBase64) {
  enrol("A");
  boost::json::object as_text;
  as_text["enrolments"] = boost::json::array{"A"};
  as_text["command"] = command("U-1");
  boost::json::object as_base64;
  as_base64["enrolments"] = boost::json::array{"A"};
  as_base64["command"] = to_base64(command("U-2"));

  EXPECT_EQ(ask("POST", "/v1/commands", boost::json::serialize(as_text)).status, 200);
  EXPECT_EQ(ask("POST", "/v1/commands", boost::json::serialize(as_base64)).status, 200);
  EXPECT_EQ(deliveries("A").size(), 2u);
}

TEST_F(ResourcesTest, ACommandWithoutPushOnlyQueues) {
  enrol("A");

  ask("POST", "/v1/commands",
      R"({"enrolments": ["A"], "request_type": "ProfileList", "push": false})");

  EXPECT_EQ(deliveries("A").size(), 1u);
  EXPECT_THAT(pushed_, IsEmpty());
}

TEST_F(ResourcesTest, ACommandThatSomeCannotGetIs207AndNamesThem) {
  enrol("A");

  const http::Response response = ask(
      "POST", "/v1/commands", R"({"enrolments": ["A", "nobody"], "request_type": "ProfileList"})");

  EXPECT_EQ(response.status, 207);
  const boost::json::object answer = object_of(response);
  EXPECT_EQ(answer.at("queued"), 1);
  EXPECT_EQ(answer.at("failed").at("nobody").at("command_error"), "no such enrolment");
}

TEST_F(ResourcesTest, AWrongCommandRequestIsRefusedWithItsReason) {
  const std::pair<const char*, const char*> cases[] = {
      {"not json", "the body is not JSON"},
      {"[]", "must be a JSON object"},
      {R"({"request_type": "X"})", "enrolments"},
      {R"({"enrolments": [], "request_type": "X"})", "at least one id"},
      {R"({"enrolments": [1], "request_type": "X"})", "must hold strings"},
      {R"({"enrolments": ["A"]})", "give either"},
      {R"({"enrolments": ["A"], "request_type": "X", "command": "Y"})", "give either"},
      {R"({"enrolments": ["A"], "command": "***"})", "neither XML nor Base64"},
      {R"({"enrolments": ["A"], "request_type": "X", "parameters": []})", "parameters"},
      {R"({"enrolments": ["A"], "request_type": "X", "parameters": {"a": null}})", "null"},
      {R"({"enrolments": ["A"], "request_type": "X", "parameters": {"a": "b\u0000c"}})", "U+0000"},
      {R"({"enrolments": ["A"], "request_type": "X\u0000Y"})", "U+0000"},
      {R"({"enrolments": ["A"], "request_type": "X", "command_uuid": "A\u0000B"})", "U+0000"},
      {R"({"enrolments": ["A"], "request_type": "X", "parameters": {"RequestType": "Y"}})",
       "must not hold RequestType"},
      {R"({"enrolments": ["A"], "request_type": "X", "colour": "red"})", "unknown key"},
      {R"({"enrolments": ["A"], "request_type": "X", "push": "yes"})", "true or false"}};
  for (const auto& [body, reason] : cases) {
    const http::Response response = ask("POST", "/v1/commands", body);

    EXPECT_EQ(response.status, 400) << body;
    EXPECT_THAT(response.body, HasSubstr(reason)) << body;
  }
}

TEST_F(ResourcesTest, AUuidThatIsTakenIs409) {
  enrol("A");
  ask("PUT", "/v1/enqueue/A", command("U-1"));

  const http::Response response =
      ask("POST", "/v1/commands",
          R"({"enrolments": ["A"], "request_type": "RestartDevice", "command_uuid": "U-1"})");

  EXPECT_EQ(response.status, 409);
}

TEST_F(ResourcesTest, ADeliveryIsShownWithTheDevicesAnswer) {
  enrol("A");
  ask("PUT", "/v1/enqueue/A", command("U-1"));
  answer("A", "U-1", mdm::Status::acknowledged, "the device's answer");

  const boost::json::object shown = object_of(ask("GET", "/v1/deliveries/A/U-1"));

  EXPECT_EQ(shown.at("state"), "acknowledged");
  EXPECT_EQ(shown.at("status"), "Acknowledged");
  EXPECT_EQ(shown.at("result").as_string(), to_base64("the device's answer"));
  EXPECT_EQ(shown.at("ended_at"), "2026-01-15T00:00:00Z");
}

TEST_F(ResourcesTest, ALongAnswerIsToldByItsSizeAndReadPieceByPiece) {
  enrol("A");
  ask("PUT", "/v1/enqueue/A", command("U-1"));
  const storage::UploadId upload{.number = 1};
  const Bytes first(storage::Transaction::report_piece_bytes_max, 'x'), last = "the end";
  run([&](storage::Transaction& transaction) {
    const mdm::EnrolmentId device("A");
    const mdm::CommandUuid uuid{"U-1"};
    ASSERT_TRUE(transaction.put_report_piece(device, uuid, upload, 0, first));
    ASSERT_TRUE(transaction.put_report_piece(device, uuid, upload, 1, last));
    ASSERT_TRUE(
        transaction.record_report(device, uuid, mdm::Status::acknowledged, upload, clock_.wall));
  });

  const boost::json::object shown = object_of(ask("GET", "/v1/deliveries/A/U-1"));
  EXPECT_EQ(shown.at("result_bytes").to_number<std::size_t>(), first.size() + last.size());
  EXPECT_FALSE(shown.contains("result"));

  const http::Response response = ask("GET", "/v1/deliveries/A/U-1/result");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.body.empty());
  EXPECT_EQ(parts_of(response), (std::vector<Bytes>{first, last}));
}

TEST_F(ResourcesTest, AShortAnswerIsReadInTheSameWay) {
  enrol("A");
  ask("PUT", "/v1/enqueue/A", command("U-1"));
  EXPECT_EQ(ask("GET", "/v1/deliveries/A/U-1/result").status, 404);
  answer("A", "U-1", mdm::Status::acknowledged, "the device's answer");
  EXPECT_EQ(parts_of(ask("GET", "/v1/deliveries/A/U-1/result")),
            (std::vector<Bytes>{"the device's answer"}));
}

TEST_F(ResourcesTest, AnUnknownDeliveryIs404) {
  enrol("A");

  EXPECT_EQ(ask("GET", "/v1/deliveries/A/U-1").status, 404);
  EXPECT_EQ(ask("DELETE", "/v1/deliveries/A/U-1").status, 404);
}

TEST_F(ResourcesTest, ADeliveryIsCancelledOnce) {
  enrol("A");
  ask("PUT", "/v1/enqueue/A", command("U-1"));

  const http::Response first = ask("DELETE", "/v1/deliveries/A/U-1");
  const http::Response second = ask("DELETE", "/v1/deliveries/A/U-1");

  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(object_of(first).at("state"), "cancelled");
  EXPECT_EQ(second.status, 409);
}

TEST_F(ResourcesTest, AnOperatorsWakePushesWithoutWorkAndStaysDue) {
  enrol("A");

  const http::Response response = ask("POST", "/v1/wakes", R"({"enrolments": ["A"]})");

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(object_of(response).at("pushed"), 1);
  EXPECT_FALSE(object_of(response).contains("queued"));
  EXPECT_TRUE(is_due("A"));
}

TEST_F(ResourcesTest, AWakeOfNobodyNamesTheMissing) {
  const http::Response response = ask("POST", "/v1/wakes", R"({"enrolments": ["nobody", ""]})");

  EXPECT_EQ(response.status, 207);
  const boost::json::object failed = object_of(response).at("failed").as_object();
  EXPECT_EQ(failed.at("nobody").at("push_error"), "no such enrolment");
  EXPECT_EQ(failed.at("").at("push_error"), "the enrolment id is empty");
}

TEST_F(ResourcesTest, EnrolmentLinksComeWithTheirExpiry) {
  const http::Response response =
      ask("POST", "/v1/enrolment-links", R"({"count": 2, "valid_seconds": 3600})");

  EXPECT_EQ(response.status, 200);
  const boost::json::object answer_object = object_of(response);
  EXPECT_EQ(answer_object.at("links").as_array().size(), 2u);
  EXPECT_EQ(answer_object.at("links").at(1).at("url"), "https://mdm.example.com/enrol/1");
  EXPECT_EQ(answer_object.at("links").at(1).at("expires_at"), "2026-01-15T01:00:00Z");
}

TEST_F(ResourcesTest, OneEnrolmentLinkForADayIsTheDefault) {
  const boost::json::object answer_object = object_of(ask("POST", "/v1/enrolment-links"));

  ASSERT_EQ(answer_object.at("links").as_array().size(), 1u);
  EXPECT_EQ(answer_object.at("links").at(0).at("expires_at"), "2026-01-16T00:00:00Z");
}

TEST_F(ResourcesTest, AWrongNumberOfLinksIsRefused) {
  EXPECT_EQ(ask("POST", "/v1/enrolment-links", R"({"count": 0})").status, 400);
  EXPECT_EQ(ask("POST", "/v1/enrolment-links", R"({"count": 100000})").status, 400);
  EXPECT_EQ(ask("POST", "/v1/enrolment-links", R"({"valid_seconds": "1 day"})").status, 400);
}

TEST_F(ResourcesTest, OursNeedAKeyOverTcp) {
  for (const char* target : {"/v1/status", "/v1/enrolments", "/v1/enrolments/A"}) {
    EXPECT_EQ(ask(request("GET", target), http::Peer{}).status, 401) << target;
  }
}

}  // namespace
}  // namespace reveille::admin
