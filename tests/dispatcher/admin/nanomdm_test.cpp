#include <gmock/gmock.h>

#include "protocol/base/base64.h"
#include "protocol/pki/push_certificate.h"
#include "tests/dispatcher/admin/router_fixture.h"

// Statuses and bytes of NanoMDM's API: tabs, key order, the newline at the end.
namespace reveille::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class NanomdmTest : public RouterTest {};

class ImpatientNanomdmTest : public RouterTest {
 protected:
  ImpatientNanomdmTest() : impatient_(with_short_wait()) {}

  Parts with_short_wait() {
    Parts parts = make_parts();
    parts.options.push_wait = std::chrono::milliseconds(1);
    return parts;
  }

  http::Response ask_impatiently(const http::Request& asked) {
    std::optional<http::Response> response;
    const http::Peer peer = root();
    boost::asio::co_spawn(context_, impatient_.handle(asked, peer),
                          [&](std::exception_ptr, http::Response answer) { response = answer; });
    const auto work = boost::asio::make_work_guard(context_);
    while (!response) context_.run_one();
    return *std::move(response);
  }

  Router impatient_;
};

TEST_F(NanomdmTest, AnEnqueueAnswersWithTheApnsIdOfEachPush) {
  enrol("A");
  enrol("B");

  const http::Response response = ask("PUT", "/v1/enqueue/B,A", command("U-1"));

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("content-type"), "application/json");
  EXPECT_EQ(response.body,
            "{\n"
            "\t\"status\": {\n"
            "\t\t\"A\": {\n\t\t\t\"push_result\": \"apns-id-of-A\"\n\t\t},\n"
            "\t\t\"B\": {\n\t\t\t\"push_result\": \"apns-id-of-B\"\n\t\t}\n"
            "\t},\n"
            "\t\"command_uuid\": \"U-1\",\n"
            "\t\"request_type\": \"DeviceInformation\"\n"
            "}\n");
  EXPECT_EQ(deliveries("A").size(), 1u);
  EXPECT_EQ(deliveries("B").size(), 1u);
}

TEST_F(NanomdmTest, AnEnqueueIsStoredBeforeItsDeviceIsPushed) {
  enrol("A");

  ask("PUT", "/v1/enqueue/A", command("U-1"));

  EXPECT_THAT(pushed_, ElementsAre("A"));
  EXPECT_EQ(store_->counts().deliveries_live, 1u);
}

TEST_F(NanomdmTest, AnyMethodEnqueues) {
  enrol("A");

  EXPECT_EQ(ask("POST", "/v1/enqueue/A", command("U-1")).status, 200);
  EXPECT_EQ(deliveries("A").size(), 1u);
}

TEST_F(NanomdmTest, NopushWithAnyValueQueuesWithoutAPushAndHasNoStatus) {
  enrol("A");

  const http::Response response = ask("PUT", "/v1/enqueue/A?nopush=0", command("U-1"));

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body,
            "{\n\t\"no_push\": true,\n\t\"command_uuid\": \"U-1\",\n"
            "\t\"request_type\": \"DeviceInformation\"\n}\n");
  EXPECT_THAT(pushed_, IsEmpty());
  EXPECT_EQ(deliveries("A").size(), 1u);
}

TEST_F(NanomdmTest, NopushMakesNoWakeDueLater) {
  enrol("A");

  ask("PUT", "/v1/enqueue/A?nopush=1", command("U-1"));

  EXPECT_FALSE(is_due("A"));
}

TEST_F(NanomdmTest, NopushLeavesAWakeThatWasDue) {
  enrol("A");
  ask("PUT", "/v1/enqueue/A", command("U-1"));

  ask("PUT", "/v1/enqueue/A?nopush=1", command("U-2"));

  EXPECT_TRUE(is_due("A"));
}

TEST_F(NanomdmTest, AnEmptyNopushPushes) {
  enrol("A");

  ask("PUT", "/v1/enqueue/A?nopush=", command("U-1"));

  EXPECT_THAT(pushed_, ElementsAre("A"));
}

TEST_F(NanomdmTest, AnEmptyBodyOnlyPushes) {
  enrol("A");

  const http::Response response = ask("PUT", "/v1/enqueue/A");

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body,
            "{\n\t\"status\": {\n\t\t\"A\": {\n\t\t\t\"push_result\": \"apns-id-of-A\"\n\t\t}\n\t}"
            "\n}\n");
  EXPECT_THAT(deliveries("A"), IsEmpty());
}

TEST_F(NanomdmTest, AnEmptyBodyWithNopushIsRefused) {
  const http::Response response = ask("PUT", "/v1/enqueue/A?nopush=1");

  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body,
            "{\n\t\"no_push\": true,\n\t\"command_error\": \"must enqueue or push\"\n}\n");
}

TEST_F(NanomdmTest, ABodyThatIsNoCommandIsRefused) {
  const http::Response response = ask("PUT", "/v1/enqueue/A", "<not a plist>");

  EXPECT_EQ(response.status, 500);
  EXPECT_TRUE(response.body.starts_with("{\n\t\"command_error\": \"decoding command: "))
      << response.body;
}

TEST_F(NanomdmTest, AFailureOfSomeIdsIs207) {
  enrol("A");

  const http::Response response = ask("PUT", "/v1/enqueue/A,nobody", command("U-1"));

  EXPECT_EQ(response.status, 207);
  EXPECT_EQ(response.body,
            "{\n"
            "\t\"status\": {\n"
            "\t\t\"A\": {\n\t\t\t\"push_result\": \"apns-id-of-A\"\n\t\t},\n"
            "\t\t\"nobody\": {\n"
            "\t\t\t\"push_error\": \"push data missing for id\",\n"
            "\t\t\t\"command_error\": \"no such enrolment\"\n\t\t}\n"
            "\t},\n"
            "\t\"command_uuid\": \"U-1\",\n"
            "\t\"request_type\": \"DeviceInformation\"\n"
            "}\n");
}

TEST_F(NanomdmTest, AFailureOfAllIdsIs500) {
  const http::Response response = ask("PUT", "/v1/enqueue/nobody,no-one", command("U-1"));

  EXPECT_EQ(response.status, 500);
}

TEST_F(NanomdmTest, WhatAppleRefusesStandsBesideItsApnsId) {
  enrol("A");
  enrol("B");
  refused_ = "B";

  const http::Response response = ask("GET", "/v1/push/A,B");

  EXPECT_EQ(response.status, 207);
  EXPECT_EQ(response.body,
            "{\n"
            "\t\"status\": {\n"
            "\t\t\"A\": {\n\t\t\t\"push_result\": \"apns-id-of-A\"\n\t\t},\n"
            "\t\t\"B\": {\n"
            "\t\t\t\"push_error\": \"push HTTP status: 410: APNs push error: Unregistered: "
            "timestamp 1700000000000\",\n"
            "\t\t\t\"push_result\": \"apns-id-of-B\"\n\t\t}\n"
            "\t}\n"
            "}\n");
}

TEST_F(NanomdmTest, ATopicWithoutACertificateIs500ThoughOthersArePushed) {
  enrol("A");
  enrol("B", "com.apple.mgmt.External.other");

  const http::Response response = ask("GET", "/v1/push/A,B");

  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, HasSubstr("\"push_result\": \"apns-id-of-A\""));
  EXPECT_THAT(response.body, HasSubstr("\n\t\"push_error\": \"no push certificate for topic "
                                       "com.apple.mgmt.External.other\""));
  EXPECT_THAT(pushed_, ElementsAre("A"));
}

TEST_F(NanomdmTest, AnIdThatRepeatsIsQueuedAndPushedOnce) {
  enrol("A");

  const http::Response response = ask("PUT", "/v1/enqueue/A,A,A", command("U-1"));

  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(pushed_, ElementsAre("A"));
  EXPECT_EQ(deliveries("A").size(), 1u);
}

TEST_F(NanomdmTest, EscapedCommasAndColonsSeparateAndNameUserChannels) {
  enrol("A");
  enrol("B");

  ask("GET", "/v1/push/A%2CB");
  ask("GET", "/v1/push/A%3Auser");

  EXPECT_THAT(pushed_, UnorderedElementsAre("A", "B"));
}

TEST_F(NanomdmTest, TheSameCommandAgainAppendsTheIdsThatLackIt) {
  enrol("A");
  enrol("B");
  ask("PUT", "/v1/enqueue/A", command("U-1"));

  const http::Response response = ask("PUT", "/v1/enqueue/A,B", command("U-1"));

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(deliveries("A").size(), 1u);
  EXPECT_EQ(deliveries("B").size(), 1u);
}

TEST_F(NanomdmTest, AUuidThatIsTakenByOtherBytesIsRefusedAndNobodyIsPushed) {
  enrol("A");
  ask("PUT", "/v1/enqueue/A", command("U-1"));
  pushed_.clear();

  const http::Response response = ask("PUT", "/v1/enqueue/A", command("U-1", "RestartDevice"));

  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body,
            "{\n\t\"command_error\": \"command already exists: U-1\",\n"
            "\t\"command_uuid\": \"U-1\",\n\t\"request_type\": \"RestartDevice\"\n}\n");
  EXPECT_THAT(pushed_, IsEmpty());
}

TEST_F(NanomdmTest, AListWithoutIdsIsRefused) {
  EXPECT_EQ(ask("GET", "/v1/push/").body,
            "{\n\t\"push_error\": \"getting enrollment ids: empty path\"\n}\n");
  EXPECT_EQ(ask("GET", "/v1/push/").status, 500);
  EXPECT_EQ(ask("PUT", "/v1/enqueue/", command("U-1")).body,
            "{\n\t\"command_error\": \"getting enrollment ids: empty path\"\n}\n");
}

TEST_F(NanomdmTest, FullWakeLanesAreWaitedForAndFailNobody) {
  std::string ids;
  for (int i = 0; i < 20; ++i) {
    enrol("D-" + std::to_string(i));
    ids += (i == 0 ? "D-" : ",D-") + std::to_string(i);
  }
  full_times_ = 5;

  const http::Response response = ask("PUT", "/v1/enqueue/" + ids, command("U-1"));

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(full_times_, 0);
  EXPECT_EQ(pushed_.size(), 20u);
}

TEST_F(ImpatientNanomdmTest, WakeLanesThatStayFullEndTheWaitAtItsDeadlineAndLeaveTheDeviceDue) {
  enrol("A");
  full_times_ = 1'000'000;

  const http::Response response = ask_impatiently(request("PUT", "/v1/enqueue/A", command("U-1")));

  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body,
              HasSubstr("timed out waiting for APNs; the device stays due for a wake"));
  EXPECT_TRUE(is_due("A"));
  EXPECT_EQ(notified_, 1);
}

TEST_F(NanomdmTest, FewDevicesAndWhatProtectsALostOneAreUrgentAndALargeFanOutIsNot) {
  std::string ids;
  run([&](storage::Transaction& transaction) {
    for (int i = 0; i < 300; ++i) {
      const std::string id = "D-" + std::to_string(i);
      enrol_in(transaction, id, topic);
      ids += (i == 0 ? "" : ",") + id;
    }
  });
  const auto urgent = [&] { return std::ranges::count(priorities_, storage::Priority::urgent); };

  ask("PUT", "/v1/enqueue/" + ids, command("U-1"));
  EXPECT_EQ(urgent(), 0);
  ask("PUT", "/v1/enqueue/D-1,D-2", command("U-2"));
  EXPECT_EQ(urgent(), 2);
  ask("PUT", "/v1/enqueue/" + ids, command("U-3", "EraseDevice"));
  EXPECT_EQ(urgent(), 302);
}

TEST_F(ImpatientNanomdmTest, APushThatApnsDoesNotAnswerEndsTheWaitAtItsDeadline) {
  enrol("A");
  apns_is_silent_ = true;
  const http::Response response = ask_impatiently(request("PUT", "/v1/enqueue/A", command("U-1")));

  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body,
              HasSubstr("timed out waiting for APNs; the device stays due for a wake"));
  EXPECT_TRUE(is_due("A"));
  // The answer that comes too late has nobody to go to, and harms nobody.
  unanswered_.front()(wake::WakeResult{});
}

TEST_F(NanomdmTest, AThousandPushesAreGatheredInOneAnswer) {
  std::string ids;
  run([&](storage::Transaction& transaction) {
    for (int i = 0; i < 1'000; ++i) {
      const std::string id = "D-" + std::to_string(i);
      enrol_in(transaction, id, topic);
      ids += (i == 0 ? "" : ",") + id;
    }
  });

  const http::Response response = ask("PUT", "/v1/enqueue/" + ids, command("U-1"));

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(pushed_.size(), 1'000u);
  EXPECT_EQ(store_->counts().deliveries_live, 1'000u);
}

// ---- access ----

TEST_F(NanomdmTest, OverTcpAKeyIsNeeded) {
  const http::Response response = ask(request("GET", "/v1/push/A"), http::Peer{});

  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.header("www-authenticate"), "Basic realm=\"nanomdm\"");
  EXPECT_EQ(response.header("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(response.body, "Unauthorized\n");
}

TEST_F(NanomdmTest, EachConfiguredKeyIsAdmitted) {
  enrol("A");
  for (const char* password : {key, "another key of good length"}) {
    http::Request made = request("GET", "/v1/push/A");
    made.headers.push_back(
        {"authorization", "Basic " + to_base64(std::string("nanomdm:") + password)});

    EXPECT_EQ(ask(std::move(made), http::Peer{}).status, 200);
  }
}

TEST_F(NanomdmTest, AWrongKeyUserOrSchemeIsRefused) {
  const std::string right = std::string("nanomdm:") + key;
  for (const std::string& authorization :
       {"Basic " + to_base64("nanomdm:wrong"), "Basic " + to_base64("nanomdm:"),
        "Basic " + to_base64(std::string("root:") + key), "Basic " + to_base64(right + "x"),
        "Bearer " + to_base64(right), std::string("Basic ***"), std::string("Basic"),
        std::string()}) {
    http::Request made = request("GET", "/v1/push/A");
    made.headers.push_back({"authorization", authorization});

    EXPECT_EQ(ask(std::move(made), http::Peer{}).status, 401) << authorization;
  }
}

TEST_F(NanomdmTest, TheVersionNeedsNoKey) {
  const http::Response response = ask(request("GET", "/version"), http::Peer{});

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("content-type"), "application/json");
  EXPECT_EQ(response.body, "{\"version\":\"1.2.3\"}");
}

TEST_F(NanomdmTest, TheAdminSocketIsForRootAndTheDaemonsUser) {
  http::Peer peer = root();
  peer.user_id = 1'000;
  EXPECT_EQ(ask(request("GET", "/v1/status"), peer).status, 200);

  peer.user_id = 1'001;
  EXPECT_EQ(ask(request("GET", "/v1/status"), peer).status, 403);
}

// ---- paths ----

TEST_F(NanomdmTest, AnUnknownPathIs404) {
  const http::Response response = ask(request("GET", "/v2/push/A"), http::Peer{});

  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "404 page not found\n");
}

TEST_F(NanomdmTest, APathWithoutItsSlashOrWithADoubledOneIsRedirected) {
  const http::Response bare = ask("GET", "/v1/push?x=1");
  const http::Response doubled = ask("GET", "/v1//push/A");

  EXPECT_EQ(bare.status, 301);
  EXPECT_EQ(bare.header("location"), "/v1/push/?x=1");
  EXPECT_EQ(doubled.header("location"), "/v1/push/A");
}

TEST_F(NanomdmTest, AWrongMethodIs405WithTheRightOnes) {
  const http::Response response = ask("DELETE", "/v1/pushcert");

  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.header("allow"), "PUT, GET");
}

// ---- push certificates ----

std::string push_certificate_pem(const std::string& of_topic) {
  const auto key_pair = pki::PrivateKey::generate_p256();
  pki::CertificateTemplate contents;
  contents.common_name = "APSP";
  contents.user_id = of_topic;
  contents.serial = Bytes(16, '\x11');
  contents.not_before = std::chrono::sys_days{std::chrono::January / 1 / 2026};
  contents.not_after = std::chrono::sys_days{std::chrono::January / 31 / 2026};
  contents.purpose = pki::CertificateTemplate::Purpose::tls_client;
  const auto certificate = pki::issue_self_signed(contents, *key_pair);
  return certificate->pem() + key_pair->to_pem();
}

TEST_F(NanomdmTest, APushCertificateIsStoredUsedAndShown) {
  const http::Response stored =
      ask("PUT", "/v1/pushcert", push_certificate_pem("com.apple.mgmt.External.new"));

  const std::string expected =
      "{\n\t\"not_after\": \"2026-01-31T00:00:00Z\",\n"
      "\t\"topic\": \"com.apple.mgmt.External.new\"\n}\n";
  EXPECT_EQ(stored.status, 200);
  EXPECT_EQ(stored.body, expected);
  EXPECT_EQ(apns_topic_, "com.apple.mgmt.External.new");
  EXPECT_EQ(ask("GET", "/v1/pushcert?topic=com.apple.mgmt.External.new").body, expected);
}

TEST_F(NanomdmTest, AllPushCertificatesAreListedWithTheirDaysLeft) {
  ask("PUT", "/v1/pushcert", push_certificate_pem("com.apple.mgmt.External.new"));

  const http::Response response = ask("GET", "/v1/push-certificates");

  EXPECT_THAT(response.body, HasSubstr("\"days_left\": 16"));
  EXPECT_THAT(response.body, HasSubstr("\"in_use\": true"));
}

TEST_F(NanomdmTest, APushCertificateThatIsNotPemIs400) {
  const http::Response response = ask("PUT", "/v1/pushcert", "nonsense");

  EXPECT_EQ(response.status, 400);
  EXPECT_TRUE(response.body.starts_with("{\n\t\"error\": \"")) << response.body;
  EXPECT_EQ(apns_topic_, topic);
}

TEST_F(NanomdmTest, ATopicThatIsMissingIs400AndAnUnknownOne500) {
  const http::Response missing = ask("GET", "/v1/pushcert");
  const http::Response unknown = ask("GET", "/v1/pushcert?topic=com.apple.mgmt.External.none");

  EXPECT_EQ(missing.status, 400);
  EXPECT_EQ(missing.body, "{\n\t\"error\": \"missing required query parameter: topic\"\n}\n");
  EXPECT_EQ(unknown.status, 500);
}

}  // namespace
}  // namespace reveille::admin
