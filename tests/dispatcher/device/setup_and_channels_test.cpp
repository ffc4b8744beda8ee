#include "dispatcher/device/exchange.h"
#include "tests/dispatcher/device/records_fixture.h"

// protocol.md section 4 below the table: logins and Setup Assistant; section 1: user channels.
namespace reveille::device {
namespace {

using storage::EnrolmentState;

class SetupTest : public RecordsTest {
 protected:
  SetupTest() {
    enrol(mac_, certificate_);
    EXPECT_TRUE(updates_token(user_, certificate_));
  }

  std::string says_idle(const IdentityKeys& who) {
    return handed_out(says(idle(who), certificate_));
  }
  std::string answers(const IdentityKeys& who, const std::string& status,
                      const std::string& uuid) {
    return handed_out(says(report(who, status, uuid), certificate_));
  }
  std::string acknowledges(const IdentityKeys& who, const std::string& uuid) {
    return answers(who, "Acknowledged", uuid);
  }

  const IdentityKeys mac_ = device_channel("MAC");
  const IdentityKeys user_ = user_channel("MAC", "USER");
  const storage::Sha256 certificate_ = issue('p');
};

TEST_F(SetupTest, NeedSyncResponseGetsAllPendingCommandsInOneExchangeThenAnEmptyBody) {
  const IdentityKeys login = with(user_, {{"NeedSyncResponse", true}});
  for (const char* uuid : {"a", "b", "c"}) enqueue("MAC:USER", command(uuid, "InstallProfile"));
  EXPECT_EQ(says_idle(login), "a");
  EXPECT_EQ(acknowledges(login, "a"), "b");
  EXPECT_EQ(answers(login, "NotNow", "b"), "c") << "one that is put off holds up no login";
  EXPECT_EQ(acknowledges(login, "c"), "nothing");
}

TEST_F(SetupTest, UserConfigurationPutsCommandsOffUntilTheFirstLogin) {
  const IdentityKeys in_setup = with(user_, {{"UserConfiguration", true}});
  enqueue("MAC:USER", command("a", "InstallProfile"));
  enqueue("MAC:USER", command("b", "ProfileList"));
  EXPECT_EQ(says_idle(in_setup), "a");
  EXPECT_EQ(answers(in_setup, "NotNow", "a"), "b");
  EXPECT_EQ(answers(in_setup, "NotNow", "b"), "nothing") << "the empty body ends the wait";

  EXPECT_EQ(says_idle(user_), "a") << "sent again at the first login";
  EXPECT_EQ(acknowledges(user_, "a"), "b");
  EXPECT_EQ(acknowledges(user_, "b"), "nothing");
}

TEST_F(SetupTest, AwaitingConfigurationIsKeptAndDeviceConfiguredComesLast) {
  const auto update = std::get<mdm::TokenUpdate>(
      mdm::parse_check_in(token_update(with(mac_, {{"AwaitingConfiguration", true}}))).value());
  ASSERT_TRUE(plain(in_transaction([&](auto& store) {
    return run_token_update(store, update, certificate_, rules_.authorisation, now_);
  })));
  EXPECT_TRUE(enrolment("MAC").awaiting_configuration);
  enqueue("MAC", command("configured", "DeviceConfigured"));
  enqueue("MAC", command("profile", "InstallProfile"));
  enqueue("MAC", command("account", "AccountConfiguration"));

  EXPECT_EQ(says_idle(mac_), "profile");
  EXPECT_EQ(acknowledges(mac_, "profile"), "account");
  EXPECT_EQ(acknowledges(mac_, "account"), "configured");
  EXPECT_EQ(acknowledges(mac_, "configured"), "nothing");
  EXPECT_FALSE(enrolment("MAC").awaiting_configuration);
}

TEST_F(SetupTest, AnErrorOfAnEarlierCommandHoldsNoDeviceInSetup) {
  enqueue("MAC", command("configured", "DeviceConfigured"));
  enqueue("MAC", command("profile", "InstallProfile"));
  EXPECT_EQ(says_idle(mac_), "profile");
  EXPECT_EQ(answers(mac_, "Error", "profile"), "configured");
}

TEST_F(SetupTest, ASharedIPadsUserIsConfiguredLastToo) {
  const IdentityKeys ipad_user = shared_ipad_channel("MAC", "ada@example.com");
  ASSERT_TRUE(updates_token(ipad_user, certificate_));
  enqueue("MAC:ada@example.com", command("configured", "UserConfigured"));
  enqueue("MAC:ada@example.com", command("profile", "InstallProfile"));
  EXPECT_EQ(says_idle(ipad_user), "profile");
  EXPECT_EQ(acknowledges(ipad_user, "profile"), "configured");
}

// ---- user channels ----

TEST_F(SetupTest, ASharedIPadsUsersAreToldApartByTheirShortNames) {
  for (const char* account : {"ada@example.com", "grace@example.com"}) {
    ASSERT_TRUE(updates_token(shared_ipad_channel("MAC", account), certificate_));
  }
  enqueue("MAC:grace@example.com", command("a", "ProfileList"));
  EXPECT_EQ(says_idle(shared_ipad_channel("MAC", "ada@example.com")), "nothing");
  EXPECT_EQ(says_idle(shared_ipad_channel("MAC", "grace@example.com")), "a");
  EXPECT_EQ(enrolment("MAC:ada@example.com").identity.kind, mdm::IdentityKind::shared_ipad_user);
}

TEST_F(SetupTest, TheChannelsOfOneMacTalkAtTheSameTime) {
  const IdentityKeys second = user_channel("MAC", "SECOND");
  ASSERT_TRUE(updates_token(second, certificate_));
  for (const char* channel : {"MAC", "MAC:USER", "MAC:SECOND"}) {
    for (const char* uuid : {"a", "b"}) {
      enqueue(channel, command(std::string(channel) + uuid, "ProfileList"));
    }
  }
  // Three connections, step by step.
  EXPECT_EQ(says_idle(mac_), "MACa");
  EXPECT_EQ(says_idle(user_), "MAC:USERa");
  EXPECT_EQ(says_idle(second), "MAC:SECONDa");
  EXPECT_EQ(answers(user_, "NotNow", "MAC:USERa"), "MAC:USERb");
  EXPECT_EQ(acknowledges(mac_, "MACa"), "MACb");
  EXPECT_EQ(acknowledges(second, "MAC:SECONDa"), "MAC:SECONDb");
  EXPECT_EQ(acknowledges(mac_, "MACb"), "nothing");
  EXPECT_EQ(acknowledges(user_, "MAC:USERb"), "nothing");
  EXPECT_EQ(says_idle(mac_), "nothing");
  EXPECT_EQ(says_idle(user_), "MAC:USERa") << "NotNow is the user's alone";
}

TEST_F(SetupTest, AUserMayLeaveWithoutTheDeviceButNotTheOtherWay) {
  ASSERT_TRUE(checks_out(user_, certificate_));
  EXPECT_EQ(enrolment("MAC").state, EnrolmentState::enrolled);
  EXPECT_EQ(says_idle(mac_), "nothing");
  EXPECT_EQ(says_idle(user_), "refused: enrolment_ended");

  ASSERT_TRUE(updates_token(user_, certificate_));
  ASSERT_TRUE(checks_out(mac_, certificate_));
  EXPECT_EQ(enrolment("MAC:USER").state, EnrolmentState::ended);
  EXPECT_EQ(updates_token(user_, certificate_).error(), Refusal::enrolment_ended);
}

}  // namespace
}  // namespace reveille::device
