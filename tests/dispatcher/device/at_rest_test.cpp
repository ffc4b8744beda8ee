#include "dispatcher/device/at_rest.h"

#include "tests/dispatcher/device/endpoint_fixture.h"

// Connects with nothing to do, which are answered without the storage lane. What is refused or
// handed out must be the same with and without.
namespace reveille::device {
namespace {

class AtRestTest : public EndpointTest {
 protected:
  // How many turns of the storage lane a request takes.
  template <typename Ask>
  std::uint64_t turns_of(Ask ask) {
    const std::uint64_t before = storage_.statistics().jobs;
    ask();
    return storage_.statistics().jobs - before;
  }
  std::uint64_t turns_of_idle(const TestDevice& device) {
    return turns_of([&] { EXPECT_EQ(connect(device, idle(device.who)).status, 200); });
  }
};

TEST_F(AtRestTest, AnIdleWithNothingToDoTakesNoTurnOfTheStorageLane) {
  const TestDevice phone = enrolled_device("PHONE");

  EXPECT_EQ(turns_of_idle(phone), 0u);
  EXPECT_EQ(connect(phone, idle(phone.who)).body, "");
  EXPECT_EQ(endpoint_.statistics().count(RequestKind::connect), 2u);
  EXPECT_EQ(endpoint_.statistics().count(mdm::Status::idle), 2u);
}

TEST_F(AtRestTest, ACommandIsHandedOutToTheFirstIdleAfterItWasQueued) {
  const TestDevice phone = enrolled_device("PHONE");
  const mdm::Command list = command("list", "ProfileList");
  enqueue("PHONE", list);

  EXPECT_EQ(connect(phone, idle(phone.who)).body, list.body);
  EXPECT_EQ(connect(phone, report(phone.who, "Acknowledged", "list")).body, "");
  EXPECT_EQ(turns_of_idle(phone), 0u) << "it rests again";
}

TEST_F(AtRestTest, AnotherDevicesCertificateIsRefusedAllTheSame) {
  const TestDevice phone = enrolled_device("PHONE");
  const TestDevice other = enrolled_device("OTHER");

  EXPECT_EQ(connect(other, idle(phone.who)).status, 409);
  EXPECT_EQ(endpoint_.statistics().count(Refusal::certificate_bound_elsewhere), 1u);
}

TEST_F(AtRestTest, AnEnrolmentThatHasEndedIsRefusedAllTheSame) {
  const TestDevice phone = enrolled_device("PHONE");
  ASSERT_EQ(check_in(phone, check_in_message(phone.who, "CheckOut")).status, 200);

  EXPECT_NE(connect(phone, idle(phone.who)).status, 200);
  EXPECT_EQ(endpoint_.statistics().count(Refusal::enrolment_ended), 1u);
}

TEST_F(AtRestTest, AUserChannelAndADeviceThatAsksForMoreAreHeardInTheStorageLane) {
  const TestDevice mac = enrolled_device("MAC");
  TestDevice user = mac;
  user.who = user_channel("MAC", "USER");
  ASSERT_EQ(check_in(user, token_update(user.who)).status, 200);
  EXPECT_EQ(turns_of_idle(user), 1u);
  EXPECT_EQ(turns_of_idle(user), 1u);

  EXPECT_EQ(turns_of_idle(mac), 0u);
  const IdentityKeys asks_for_more = with(mac.who, {{"NeedSyncResponse", true}});
  EXPECT_EQ(turns_of([&] { connect(mac, idle(asks_for_more)); }), 1u);
}

TEST_F(AtRestTest, WhenTheDeviceWasHeardIsStillWritten) {
  const TestDevice phone = enrolled_device("PHONE");
  clock_.turn(storage::StoreOptions{}.last_seen_resolution);

  EXPECT_EQ(turns_of_idle(phone), 1u);
  EXPECT_EQ(records()->wake_state(mdm::EnrolmentId("PHONE")).value()->last_seen_at,
            clock_.wall_now());
}

}  // namespace
}  // namespace reveille::device
