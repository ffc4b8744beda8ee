#include <semaphore>
#include <thread>

#include "tests/dispatcher/device/endpoint_fixture.h"

// What the device side does when the disk, or the lane in front of it, does not keep up: 503, and
// whatever the device had to say it says again.
namespace reveille::device {
namespace {

using storage::DeliveryState;
using storage::EnrolmentState;

class StorageTroubleTest : public EndpointTest {};

TEST_F(StorageTroubleTest, AFailedCommitGives503ToEveryMessageAndChangesNothing) {
  const TestDevice phone = enrolled_device("PHONE");
  const TestDevice fresh = new_device(device_channel("FRESH"));
  enqueue("PHONE", command("a", "ProfileList"));
  ASSERT_FALSE(connect(phone, idle(phone.who)).body.empty());
  store_.break_commits();

  EXPECT_EQ(check_in(fresh, authenticate(fresh.who)).status, 503);
  EXPECT_EQ(check_in(phone, authenticate(phone.who)).status, 503);
  EXPECT_EQ(check_in(phone, token_update(phone.who)).status, 503);
  EXPECT_EQ(check_in(phone, check_in_message(phone.who, "CheckOut")).status, 503);
  EXPECT_EQ(check_in(phone, check_in_message(phone.who, "GetBootstrapToken")).status, 503);
  EXPECT_EQ(connect(phone, idle(phone.who)).status, 503);
  EXPECT_EQ(connect(phone, report(phone.who, "Acknowledged", "a")).status, 503);

  EXPECT_EQ(endpoint_.statistics().count(Refusal::unavailable), 7u);
  EXPECT_EQ(endpoint_.statistics().enrolled, 1u);
  EXPECT_EQ(endpoint_.statistics().ended, 0u);
  EXPECT_EQ(enrolment("FRESH"), std::nullopt);
  EXPECT_EQ(enrolment("PHONE")->state, EnrolmentState::enrolled);
  EXPECT_EQ(state_of("PHONE", "a"), DeliveryState::sent);
}

TEST_F(StorageTroubleTest, AnAnswerThatWasRefusedWith503IsRecordedWhenItComesAgain) {
  const TestDevice phone = enrolled_device("PHONE");
  enqueue("PHONE", command("a", "ProfileList"));
  enqueue("PHONE", command("b", "ProfileList"));
  connect(phone, idle(phone.who));
  store_.break_commits();
  const http::Response refused = connect(phone, report(phone.who, "Acknowledged", "a"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body.find("CommandUUID"), std::string::npos) << "no command leaves uncommitted";

  store_.mend();
  const http::Response taken = connect(phone, report(phone.who, "Acknowledged", "a"));

  EXPECT_EQ(taken.body, command("b", "ProfileList").body);
  EXPECT_EQ(state_of("PHONE", "a"), DeliveryState::acknowledged);
}

TEST_F(StorageTroubleTest, AnEnrolmentThatFailedHalfWayIsFinishedByTheSameMessages) {
  const TestDevice phone = new_device(device_channel("PHONE"));
  ASSERT_EQ(check_in(phone, authenticate(phone.who)).status, 200);
  store_.break_commits();
  ASSERT_EQ(check_in(phone, token_update(phone.who)).status, 503);
  EXPECT_EQ(enrolment("PHONE")->state, EnrolmentState::pending);

  store_.mend();

  EXPECT_EQ(check_in(phone, token_update(phone.who)).status, 200);
  EXPECT_EQ(enrolment("PHONE")->state, EnrolmentState::enrolled);
}

// Keeps a storage lane busy until it is let go.
class BlockingJob final : public StorageJob {
 public:
  BlockingJob(std::binary_semaphore& begun, std::binary_semaphore& go) : begun_(begun), go_(go) {}

  Result<void> run(storage::Transaction&) override {
    begun_.release();
    go_.acquire();
    return {};
  }
  void finish(Result<void>) override {}

 private:
  std::binary_semaphore& begun_;
  std::binary_semaphore& go_;
};

class WaitingJob final : public StorageJob {
 public:
  Result<void> run(storage::Transaction&) override { return {}; }
  void finish(Result<void>) override {}
};

TEST_F(StorageTroubleTest, AFullStorageLaneGives503AtOnceAndIsNoReasonToForgetAnyone) {
  const TestDevice phone = enrolled_device("PHONE");
  StorageLanes narrow(store_, log_, StorageLanesOptions{.lanes = 1, .queue_capacity = 1});
  DeviceEndpoint endpoint(
      options(), narrow, [](storage::Partition) {}, authority_, clock_, random_, log_);
  const http::Peer peer{.address = "192.0.2.1:1", .certificate = phone.certificate, .user_id = {}};
  const storage::Partition any{0};
  std::binary_semaphore begun(0), go(0);
  ASSERT_TRUE(narrow.submit(any, std::make_unique<BlockingJob>(begun, go)));
  begun.acquire();
  ASSERT_TRUE(narrow.submit(any, std::make_unique<WaitingJob>()));

  EXPECT_EQ(run(endpoint.handle(put("/mdm", idle(phone.who)), peer)).status, 503);
  EXPECT_EQ(run(endpoint.handle(put("/checkin", token_update(phone.who)), peer)).status, 503);
  EXPECT_EQ(run(endpoint.handle(get("/enrol/some-challenge"), peer)).status, 503);
  EXPECT_EQ(endpoint.statistics().count(Refusal::overloaded), 2u);

  go.release();
  // The lane empties by itself; until it has, the queue may still be full.
  while (narrow.statistics().waiting > 0) std::this_thread::yield();
  EXPECT_EQ(run(endpoint.handle(put("/mdm", idle(phone.who)), peer)).status, 200);
}

// Devices of one lane are answered together, in whatever order; each gets its own answer.
TEST_F(StorageTroubleTest, ManyDevicesAtOnceEachGetTheirOwnCommand) {
  constexpr int count = 40;
  std::vector<TestDevice> devices;
  for (int i = 0; i < count; ++i) {
    devices.push_back(enrolled_device("PHONE" + std::to_string(i)));
    enqueue("PHONE" + std::to_string(i), command("for " + std::to_string(i), "ProfileList"));
  }
  StorageLanes four(store_, log_, StorageLanesOptions{.lanes = 4});
  DeviceEndpoint endpoint(
      options(), four, [](storage::Partition) {}, authority_, clock_, random_, log_);
  std::vector<http::Peer> peers;
  for (const TestDevice& device : devices) {
    peers.push_back({.address = "192.0.2.1:1", .certificate = device.certificate, .user_id = {}});
  }

  std::vector<std::string> bodies(count);
  for (std::size_t i = 0; i < count; ++i) {
    boost::asio::co_spawn(lane_, endpoint.handle(put("/mdm", idle(devices[i].who)), peers[i]),
                          [&bodies, i](std::exception_ptr failed, http::Response response) {
                            ASSERT_FALSE(failed);
                            bodies[i] = std::move(response.body);
                          });
  }
  lane_.restart();
  lane_.run();

  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(bodies[static_cast<std::size_t>(i)],
              command("for " + std::to_string(i), "ProfileList").body);
  }
}

}  // namespace
}  // namespace reveille::device
