#include <gmock/gmock.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "tests/dispatcher/admin/router_fixture.h"

namespace reveille::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class BatchesTest : public RouterTest {
 protected:
  static boost::json::object object_of(const http::Response& response) {
    return boost::json::parse(response.body).as_object();
  }
  static std::string id_of(const http::Response& response) {
    return object_of(response).at("batch_id").as_string().c_str();
  }
  static std::string error_of(const http::Response& response) {
    return object_of(response).at("error").as_string().c_str();
  }

  static std::string body(const std::string& audience = R"({"all": "any"})",
                          const std::string& more = "") {
    return R"({"request_type": "DeviceInformation", "audience": )" + audience + more + "}";
  }
  http::Response start(const std::string& audience = R"({"all": "any"})",
                       const std::string& more = "") {
    return ask("POST", "/v1/batches", body(audience, more));
  }
  std::string started() { return id_of(start()); }

  storage::Batch stored(const std::string& id) {
    std::optional<storage::Batch> batch;
    run([&](storage::Transaction& transaction) { batch = *transaction.find_batch({id}); });
    EXPECT_TRUE(batch);
    return batch.value_or(storage::Batch{});
  }
  // What the expander would do, as far as it goes.
  void advance(const std::string& id, std::size_t count_max = 1'000) {
    run([&](storage::Transaction& transaction) {
      for (std::uint8_t index = 0; index < storage::Partition::count; ++index) {
        ASSERT_TRUE(transaction.advance_batch({index}, {id}, count_max, clock_.wall));
      }
    });
  }

  void expect_refused(const std::string& text, const std::string& why) {
    const http::Response response = ask("POST", "/v1/batches", text);
    EXPECT_EQ(response.status, 400) << text;
    EXPECT_THAT(error_of(response), HasSubstr(why)) << text;
    EXPECT_THAT(changed_, IsEmpty()) << text;
  }
};

TEST_F(BatchesTest, ABatchIsAcceptedBeforeAnythingIsQueued) {
  enrol("A");

  const http::Response response = start(R"({"all": "device"})");

  EXPECT_EQ(response.status, 202);
  const boost::json::object batch = object_of(response);
  EXPECT_EQ(batch.at("audience"), "all_devices");
  EXPECT_EQ(batch.at("state"), "running");
  EXPECT_EQ(batch.at("priority"), "bulk");
  EXPECT_EQ(batch.at("rate_per_second"), 0);
  EXPECT_EQ(batch.at("created_at"), "2026-01-15T00:00:00Z");
  EXPECT_FALSE(batch.contains("expires_at"));
  EXPECT_EQ(batch.at("counts").at("expanding"), true);
  EXPECT_EQ(batch.at("counts").at("live"), 0);
  EXPECT_THAT(deliveries("A"), IsEmpty());
  EXPECT_THAT(pushed_, IsEmpty());
  EXPECT_THAT(changed_, ElementsAre(id_of(response))) << "the expander is told";
}

TEST_F(BatchesTest, RateExpiryAndPriorityAreKept) {
  const http::Response response =
      start(R"({"all": "user"})",
            R"(, "rate_per_second": 50, "expires_in_seconds": 3600, "priority": "urgent")");

  const storage::Batch batch = stored(id_of(response));
  EXPECT_EQ(batch.audience, storage::AudienceKind::all_users);
  EXPECT_EQ(batch.rate_per_second, 50u);
  EXPECT_EQ(batch.expires_at, clock_.wall + std::chrono::hours(1));
  EXPECT_EQ(batch.priority, storage::Priority::urgent);
  EXPECT_EQ(object_of(response).at("expires_at"), "2026-01-15T01:00:00Z");
}

TEST_F(BatchesTest, IdsMayBeGivenInAnyOrderAndTwice) {
  for (const char* id : {"A", "B", "C"}) enrol(id);

  const std::string id = id_of(start(R"({"enrolments": ["C", "A", "B", "A", "nobody"]})"));
  EXPECT_EQ(stored(id).audience_ids, 4u);
  advance(id);

  const auto counts = object_of(ask("GET", "/v1/batches/" + id)).at("counts").as_object();
  EXPECT_EQ(counts.at("audience"), 4);
  EXPECT_EQ(counts.at("unexpanded"), 0);
  EXPECT_EQ(counts.at("live"), 3);
  EXPECT_EQ(counts.at("skipped").at("not_found"), 1);
  EXPECT_EQ(counts.at("expanding"), false);
  for (const char* device : {"A", "B", "C"}) EXPECT_THAT(deliveries(device), SizeIs(1));
}

TEST_F(BatchesTest, ManyIdsAreStoredInSeveralChunks) {
  std::string ids;
  for (int i = 0; i < 40'000; ++i) {
    ids += (i == 0 ? "\"" : ", \"") + std::string("device-") + std::to_string(i) + "\"";
  }
  enrol("device-0");
  enrol("device-39999");

  const std::string id = id_of(start("{\"enrolments\": [" + ids + "]}"));
  advance(id, 100'000);

  const auto counts = object_of(ask("GET", "/v1/batches/" + id)).at("counts").as_object();
  EXPECT_EQ(counts.at("audience"), 40'000);
  EXPECT_EQ(counts.at("unexpanded"), 0);
  EXPECT_EQ(counts.at("live"), 2);
  EXPECT_EQ(counts.at("skipped").at("not_found"), 39'998);
}

TEST_F(BatchesTest, TheCommandIsStoredOnceWithItsUuid) {
  const http::Response response =
      ask("POST", "/v1/batches", R"({"request_type": "DeviceLock", "parameters": {"PIN": "123456"},
                                     "command_uuid": "U-1", "audience": {"all": "any"}})");
  EXPECT_EQ(object_of(response).at("command_uuid"), "U-1");
  run([&](storage::Transaction& transaction) {
    const auto command = *transaction.find_command({"U-1"});
    ASSERT_TRUE(command);
    EXPECT_EQ(command->request_type, "DeviceLock");
  });
}

TEST_F(BatchesTest, TheCommandMayBeGivenAsBytes) {
  boost::json::object request;
  request["command"] = command("U-2");
  request["audience"] = {{"all", "any"}};
  const http::Response response = ask("POST", "/v1/batches", boost::json::serialize(request));
  EXPECT_EQ(response.status, 202) << response.body;
  EXPECT_EQ(object_of(response).at("command_uuid"), "U-2");
}

TEST_F(BatchesTest, TheSameCommandForTheSameDevicesIsSkipped) {
  enrol("A");
  const std::string more = R"(, "command_uuid": "U-1")";
  advance(id_of(start(R"({"enrolments": ["A"]})", more)));

  const std::string again = id_of(start(R"({"enrolments": ["A"]})", more));
  advance(again);

  EXPECT_THAT(deliveries("A"), SizeIs(1)) << "a request may be sent again";
  const auto counts = object_of(ask("GET", "/v1/batches/" + again)).at("counts").as_object();
  EXPECT_EQ(counts.at("skipped").at("already_queued"), 1);
  EXPECT_EQ(counts.at("done"), true);
}

TEST_F(BatchesTest, ACommandUuidThatIsTakenByAnotherCommandIs409) {
  start(R"({"all": "any"})", R"(, "command_uuid": "U-1")");
  changed_.clear();

  const http::Response response =
      ask("POST", "/v1/batches",
          R"({"request_type": "SecurityInfo", "command_uuid": "U-1", "audience": {"all": "any"}})");

  EXPECT_EQ(response.status, 409);
  EXPECT_THAT(changed_, IsEmpty());
}

TEST_F(BatchesTest, WhatIsWrongIsRefusedByItsName) {
  expect_refused("", "not JSON");
  expect_refused("[]", "must be a JSON object");
  expect_refused(R"({"request_type": "DeviceInformation"})", "\"audience\"");
  expect_refused(body(R"("everyone")"), "\"audience\" must be an object");
  expect_refused(body("{}"), "\"audience\" must hold either");
  expect_refused(body(R"({"all": "any", "enrolments": ["A"]})"), "\"audience\" must hold either");
  expect_refused(body(R"({"group": 1})"), "unknown key \"group\"");
  expect_refused(body(R"({"all": "phones"})"), "\"audience.all\"");
  expect_refused(body(R"({"all": true})"), "\"audience.all\"");
  expect_refused(body(R"({"enrolments": []})"), "at least one id");
  expect_refused(body(R"({"enrolments": "A"})"), "\"audience.enrolments\" must be a list");
  expect_refused(body(R"({"enrolments": ["A", 1]})"), "\"audience.enrolments\" must hold strings");
  expect_refused(body(R"({"enrolments": ["A", ""]})"), "number 2: the enrolment id is empty");
  expect_refused(body(R"({"enrolments": ["A\n"]})"), "number 1");
  expect_refused(body(R"({"enrolments": [")" + std::string(513, 'A') + "\"]}"), "too long");
  const std::string all = R"({"all": "any"})";
  for (const char* rate : {"0", "-1", "1.5", "1000001", "\"5\"", "null", "18446744073709551615"}) {
    expect_refused(body(all, std::string(", \"rate_per_second\": ") + rate), "\"rate_per_second\"");
  }
  for (const char* expiry : {"0", "-5", "31622401", "true"}) {
    expect_refused(body(all, std::string(", \"expires_in_seconds\": ") + expiry),
                   "\"expires_in_seconds\"");
  }
  for (const char* priority : {"\"high\"", "1", "null"}) {
    expect_refused(body(all, std::string(", \"priority\": ") + priority), "\"priority\"");
  }
  expect_refused(body(all, R"(, "push": true)"), "unknown key \"push\"");
  expect_refused(body(all, R"(, "command": "AAAA")"), "either \"command\" or \"request_type\"");
  expect_refused(R"({"audience": {"all": "any"}})", "either \"command\" or \"request_type\"");
  expect_refused(R"({"audience": {"all": "any"}, "command": "<plist/>"})", "");
  expect_refused(body(all, R"(, "parameters": [])"), "\"parameters\" must be an object");
}

TEST_F(BatchesTest, MoreIdsThanOneBatchMayHoldAreRefused) {
  std::string ids = "\"A\"";
  for (int i = 0; i < 1'000'000; ++i) ids += ",\"A\"";
  expect_refused(body("{\"enrolments\": [" + ids + "]}"), "at most 1000000 ids");
}

TEST_F(BatchesTest, WhenTooManyAreUnfinishedItIs503) {
  batches_are_full_ = true;
  const http::Response response = start();
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(error_of(response), HasSubstr("too many batches"));
  EXPECT_EQ(object_of(ask("GET", "/v1/batches")).at("batches").as_array().size(), 0u);
}

TEST_F(BatchesTest, ABatchIsPausedResumedAndCancelled) {
  enrol("A");
  const std::string id = started();
  changed_.clear();

  EXPECT_EQ(object_of(ask("POST", "/v1/batches/" + id + "/pause")).at("state"), "paused");
  advance(id);
  EXPECT_THAT(deliveries("A"), IsEmpty());
  EXPECT_EQ(object_of(ask("POST", "/v1/batches/" + id + "/resume")).at("state"), "running");
  advance(id);
  ASSERT_THAT(deliveries("A"), SizeIs(1));
  const http::Response cancelled = ask("POST", "/v1/batches/" + id + "/cancel");
  EXPECT_EQ(cancelled.status, 200);
  EXPECT_EQ(object_of(cancelled).at("state"), "cancelled");
  advance(id);

  EXPECT_EQ(deliveries("A").front().state, storage::DeliveryState::cancelled);
  EXPECT_THAT(changed_, ElementsAre(id, id, id)) << "the expander is told each time";
}

TEST_F(BatchesTest, TheSameStateAgainIsNoError) {
  const std::string id = started();
  for (const char* verb : {"pause", "pause", "resume", "resume", "cancel", "cancel"}) {
    EXPECT_EQ(ask("POST", "/v1/batches/" + id + "/" + verb).status, 200) << verb;
  }
}

TEST_F(BatchesTest, ACancelledBatchStaysCancelled) {
  const std::string id = started();
  ask("POST", "/v1/batches/" + id + "/cancel");
  changed_.clear();
  for (const char* verb : {"pause", "resume"}) {
    EXPECT_EQ(ask("POST", "/v1/batches/" + id + "/" + verb).status, 409) << verb;
  }
  EXPECT_THAT(changed_, IsEmpty());
}

TEST_F(BatchesTest, ABatchThatIsDoneStaysDone) {
  const std::string id = started();
  advance(id);
  changed_.clear();
  for (const char* verb : {"cancel", "pause"}) {
    const http::Response response = ask("POST", "/v1/batches/" + id + "/" + verb);
    EXPECT_EQ(response.status, 409) << verb;
    EXPECT_EQ(error_of(response), "batch " + id + " is done");
  }
  EXPECT_EQ(stored(id).state, storage::BatchState::running);
  EXPECT_THAT(changed_, IsEmpty());
}

TEST_F(BatchesTest, AnUnknownBatchIs404) {
  EXPECT_EQ(ask("GET", "/v1/batches/none").status, 404);
  for (const char* verb : {"pause", "resume", "cancel"}) {
    const http::Response response = ask("POST", std::string("/v1/batches/none/") + verb);
    EXPECT_EQ(response.status, 404) << verb;
    EXPECT_EQ(error_of(response), "no batch none") << verb;
  }
  EXPECT_EQ(ask("POST", "/v1/batches/none/restart").status, 404);
  EXPECT_THAT(changed_, IsEmpty());
}

TEST_F(BatchesTest, AnIdOfAnyBytesIs404) {
  for (const char* id : {"%00", "%0a", "%ff", "..%2f..", "%20"}) {
    EXPECT_EQ(ask("GET", std::string("/v1/batches/") + id).status, 404) << id;
  }
  EXPECT_EQ(ask("GET", "/v1/batches/" + std::string(5'000, 'a')).status, 404);
}

TEST_F(BatchesTest, BatchesAreListedPageByPageTheOldestFirst) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(started());
    clock_.wall += std::chrono::milliseconds(1);
  }

  std::vector<std::string> listed;
  std::string after;
  for (int pages = 0; pages < 4; ++pages) {
    const auto page = object_of(ask("GET", "/v1/batches?limit=2&after=" + after));
    for (const auto& batch : page.at("batches").as_array()) {
      listed.emplace_back(batch.at("batch_id").as_string().c_str());
      EXPECT_TRUE(batch.at("counts").is_object());
    }
    if (!page.contains("next")) break;
    after = page.at("next").as_string().c_str();
  }
  EXPECT_EQ(listed, ids);
}

TEST_F(BatchesTest, AWrongPageIsRefused) {
  for (const char* limit : {"0", "101", "many", "-1", ""}) {
    const http::Response response = ask("GET", std::string("/v1/batches?limit=") + limit);
    EXPECT_EQ(response.status, 400) << limit;
    EXPECT_THAT(error_of(response), HasSubstr("\"limit\""));
  }
}

TEST_F(BatchesTest, OtherMethodsAre405) {
  EXPECT_EQ(ask("DELETE", "/v1/batches").status, 405);
  EXPECT_EQ(ask("PUT", "/v1/batches/x").status, 405);
  EXPECT_EQ(ask("GET", "/v1/batches/x/pause").status, 405);
}

TEST_F(BatchesTest, OperatorsNeedAKey) {
  http::Peer stranger;
  stranger.address = "192.0.2.1";
  EXPECT_EQ(ask(request("POST", "/v1/batches", body()), stranger).status, 401);
  EXPECT_EQ(ask(request("POST", "/v1/batches/x/cancel"), stranger).status, 401);
  EXPECT_EQ(ask(request("GET", "/v1/batches"), stranger).status, 401);
}

TEST_F(BatchesTest, TheStatusShowsDepthAndAge) {
  const auto status = object_of(ask("GET", "/v1/status")).at("batches").as_object();
  EXPECT_EQ(status.at("unfinished"), 7);
  EXPECT_EQ(status.at("oldest_milliseconds"), 1'500);
}

TEST_F(BatchesTest, ADeliverySaysWhichBatchItIsFrom) {
  enrol("A");
  const http::Response response =
      start(R"({"all": "any"})", R"(, "command_uuid": "U-1", "expires_in_seconds": 60)");
  advance(id_of(response));
  const auto delivery = object_of(ask("GET", "/v1/deliveries/A/U-1"));
  EXPECT_EQ(delivery.at("batch_id").as_string().c_str(), id_of(response));
  EXPECT_EQ(delivery.at("expires_at"), "2026-01-15T00:01:00Z");
}

}  // namespace
}  // namespace reveille::admin
