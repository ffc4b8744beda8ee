#include "dispatcher/device/check_in_work.h"

#include "tests/dispatcher/device/records_fixture.h"

// The rows of protocol.md sections 1 and 3, on the memory store.
namespace reveille::device {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using storage::EndReason;
using storage::EnrolmentState;

class CheckInWorkTest : public RecordsTest {
 protected:
  const IdentityKeys mac_ = device_channel("MAC");
  const IdentityKeys user_ = user_channel("MAC", "USER");
  const storage::Sha256 certificate_ = issue('m');
};

// ---- section 1: who is calling ----

TEST_F(CheckInWorkTest, UdidIsADeviceChannelStoredUnderTheUdid) {
  enrol(mac_, certificate_);
  EXPECT_EQ(enrolment("MAC").identity.kind, mdm::IdentityKind::device);
  EXPECT_EQ(enrolment("MAC").certificate, certificate_);
}

TEST_F(CheckInWorkTest, UdidAndUserIdIsAUserChannelStoredUnderBoth) {
  enrol(mac_, certificate_);
  ASSERT_TRUE(updates_token(user_, certificate_));
  EXPECT_EQ(enrolment("MAC:USER").identity.kind, mdm::IdentityKind::user);
  EXPECT_EQ(enrolment("MAC:USER").state, EnrolmentState::enrolled);
}

TEST_F(CheckInWorkTest, SharedIPadUsersAreToldApartByTheirAccounts) {
  enrol(device_channel("IPAD"), certificate_);
  for (const char* account : {"anna@example.com", "bert@example.com"}) {
    ASSERT_TRUE(updates_token(shared_ipad_channel("IPAD", account), certificate_));
  }
  EXPECT_EQ(enrolment("IPAD:anna@example.com").identity.kind, mdm::IdentityKind::shared_ipad_user);
  EXPECT_TRUE(is_known("IPAD:bert@example.com"));
}

TEST_F(CheckInWorkTest, EnrollmentIdIsAUserEnrolmentsDeviceChannel) {
  enrol(user_enrolment_channel("ENROLMENT"), certificate_);
  EXPECT_EQ(enrolment("ENROLMENT").identity.kind, mdm::IdentityKind::user_enrolment_device);
}

TEST_F(CheckInWorkTest, EnrollmentUserIdIsAUserEnrolmentsUserChannel) {
  enrol(user_enrolment_channel("ENROLMENT"), certificate_);
  ASSERT_TRUE(updates_token(user_enrolment_user_channel("ENROLMENT", "USER"), certificate_));
  EXPECT_EQ(enrolment("ENROLMENT:USER").identity.kind, mdm::IdentityKind::user_enrolment_user);
}

// ---- Authenticate ----

TEST_F(CheckInWorkTest, AuthenticateLeavesTheEnrolmentPendingUntilTheFirstTokenUpdate) {
  ASSERT_TRUE(authenticates(mac_, certificate_));
  EXPECT_EQ(enrolment("MAC").state, EnrolmentState::pending);

  EXPECT_TRUE(updates_token(mac_, certificate_)->enrolled);
  EXPECT_EQ(enrolment("MAC").state, EnrolmentState::enrolled);
  EXPECT_FALSE(updates_token(mac_, certificate_)->enrolled) << "only the first one is news";
}

TEST_F(CheckInWorkTest, AuthenticateOfAKnownDeviceVoidsAllThatWasBefore) {
  enrol(mac_, certificate_);
  ASSERT_TRUE(updates_token(user_, certificate_));
  enqueue("MAC", command("a", "DeviceInformation"));
  enqueue("MAC:USER", command("b", "ProfileList"));
  now_ += minutes(1);
  const storage::Sha256 fresh = issue('n');

  const CheckInAnswer begun = authenticates(mac_, fresh);

  ASSERT_TRUE(begun);
  EXPECT_TRUE(begun->ended);
  EXPECT_EQ(enrolment("MAC").state, EnrolmentState::pending);
  EXPECT_FALSE(enrolment("MAC").has_push_token);
  EXPECT_EQ(enrolment("MAC:USER").end_reason, EndReason::superseded);
  EXPECT_EQ(delivery("MAC:USER", "b").state, storage::DeliveryState::voided);
  ASSERT_TRUE(updates_token(mac_, fresh));
  EXPECT_EQ(handed_out(says(idle(mac_), fresh)), "nothing");
}

// One link, one device: what its identity was renewed to is no second one.
TEST_F(CheckInWorkTest, RenewalsOfOneIdentityBecomeOneDeviceAlsoBeforeAnyOfThemIsUsed) {
  const storage::Sha256 second = issue('n', certificate_), third = issue('o', second),
                        sibling = issue('p', certificate_);
  EXPECT_TRUE(authenticates(device_channel("PHONE"), third));
  for (const storage::Sha256& other : {certificate_, second, sibling}) {
    EXPECT_EQ(authenticates(mac_, other).error(), Refusal::certificate_bound_elsewhere);
  }
  EXPECT_FALSE(is_known("MAC"));
}

TEST_F(CheckInWorkTest, ARenewalTakesNoEnrolledDeviceOver) {
  enrol(mac_, certificate_);
  now_ += minutes(1);
  const storage::Sha256 first = issue('a'), second = issue('b', first);
  ASSERT_TRUE(authenticates(device_channel("THIEF"), first));
  EXPECT_EQ(authenticates(mac_, second).error(), Refusal::certificate_bound_elsewhere);
  EXPECT_EQ(enrolment("MAC").certificate, certificate_);
}

// Of a database written before renewals were tied with the first of their line.
TEST_F(CheckInWorkTest, ARenewalThatIsTiedByItselfStaysTied) {
  const storage::Sha256 second = issue('n', certificate_);
  in_transaction(
      [&](auto& store) { return store.bind_certificate(second, mdm::EnrolmentId("PHONE")); });
  EXPECT_EQ(authenticates(mac_, second).error(), Refusal::certificate_bound_elsewhere);
  EXPECT_TRUE(authenticates(device_channel("PHONE"), second));
}

TEST_F(CheckInWorkTest, AClockThatRanAheadAndWasSetRightShutsNoDeviceOut) {
  const storage::Sha256 old = issue('o');
  const storage::Time true_time = now_ + days(30);
  now_ += days(365);
  const storage::Sha256 ahead = issue('a');
  now_ += minutes(1);
  enrol(mac_, issue('b'));

  now_ = true_time;
  EXPECT_EQ(authenticates(mac_, ahead).error(), Refusal::certificate_superseded);
  EXPECT_EQ(authenticates(mac_, old).error(), Refusal::certificate_superseded) << "long issued";
  const storage::Sha256 fresh = issue('f');
  now_ += minutes(5);
  EXPECT_TRUE(authenticates(mac_, fresh));
  EXPECT_EQ(enrolment("MAC").certificate, fresh);
}

TEST_F(CheckInWorkTest, ARepeatedAuthenticateIsWelcomeSinceItsAnswerMayBeLost) {
  ASSERT_TRUE(authenticates(mac_, certificate_));

  const CheckInAnswer again = authenticates(mac_, certificate_);

  ASSERT_TRUE(again);
  EXPECT_FALSE(again->ended) << "a life that never began has not ended";
  EXPECT_TRUE(updates_token(mac_, certificate_)->enrolled);
}

// The two steps are two commits, and the power may fail between them.
TEST_F(CheckInWorkTest, ACrashBetweenTyingAndAuthenticateLeavesADeviceThatTriesAgain) {
  const auto identity = identity_of(mdm::parse_check_in(authenticate(mac_)).value());
  ASSERT_TRUE(plain(
      in_transaction([&](auto& store) { return tie_certificate(store, identity, certificate_); })));
  EXPECT_FALSE(is_known("MAC"));
  EXPECT_EQ(updates_token(mac_, certificate_).error(), Refusal::enrolment_unknown);

  enrol(mac_, certificate_);

  EXPECT_EQ(enrolment("MAC").state, EnrolmentState::enrolled);
  EXPECT_EQ(authenticates(device_channel("THIEF"), certificate_).error(),
            Refusal::certificate_bound_elsewhere);
}

TEST_F(CheckInWorkTest, ACertificateOfOneDeviceEnrolsNoOther) {
  enrol(mac_, certificate_);

  EXPECT_EQ(authenticates(device_channel("OTHER"), certificate_).error(),
            Refusal::certificate_bound_elsewhere);

  EXPECT_FALSE(is_known("OTHER"));
}

TEST_F(CheckInWorkTest, AuthenticateWithAForeignTopicVoidsNothing) {
  enrol(mac_, certificate_);

  EXPECT_EQ(authenticates(mac_, certificate_, "com.apple.mgmt.External.foreign").error(),
            Refusal::topic_mismatch);

  EXPECT_EQ(enrolment("MAC").state, EnrolmentState::enrolled);
}

TEST_F(CheckInWorkTest, WithoutAnyPushCertificateADeviceIsAskedToComeBack) {
  store_ = storage::make_memory_store({});
  EXPECT_EQ(authenticates(mac_, certificate_).error(), Refusal::no_push_certificate);
}

TEST_F(CheckInWorkTest, AStolenCertificateOfAnEarlierEnrolmentCannotVoidTodays) {
  enrol(mac_, certificate_);
  now_ += days(1);
  const storage::Sha256 fresh = issue('n');
  enrol(mac_, fresh);

  EXPECT_EQ(authenticates(mac_, certificate_).error(), Refusal::certificate_superseded);
  // Nor by what he renews it to.
  now_ += days(1);
  const storage::Sha256 renewed = issue('z', certificate_);
  EXPECT_EQ(authenticates(mac_, renewed).error(), Refusal::certificate_superseded);
  EXPECT_EQ(updates_token(mac_, renewed).error(), Refusal::certificate_superseded);

  EXPECT_EQ(enrolment("MAC").certificate, fresh);
  EXPECT_EQ(enrolment("MAC").state, EnrolmentState::enrolled);
}

// ---- TokenUpdate ----

TEST_F(CheckInWorkTest, TheLastTokenUpdateWins) {
  enrol(mac_, certificate_);
  const auto push_token = [&] {
    return store_->begin()->push_target(mdm::EnrolmentId("MAC")).value()->push_token.bytes;
  };
  const auto message = std::get<mdm::TokenUpdate>(
      mdm::parse_check_in(token_update(mac_, topic, "another token")).value());

  ASSERT_TRUE(plain(in_transaction([&](auto& store) {
    return run_token_update(store, message, certificate_, rules_.authorisation, now_);
  })));

  EXPECT_EQ(push_token(), "another token");
}

TEST_F(CheckInWorkTest, ATokenUpdateWithWorkInTheQueueMakesAWakeDue) {
  enrol(mac_, certificate_);
  enqueue("MAC", command("a", "DeviceInformation"));
  EXPECT_EQ(handed_out(says(idle(mac_), certificate_)), "a");
  now_ += minutes(1);

  ASSERT_TRUE(updates_token(mac_, certificate_));

  EXPECT_EQ(wake_due_at("MAC"), now_);
}

TEST_F(CheckInWorkTest, ATopicThatIsNotThePushCertificatesIsRefused) {
  ASSERT_TRUE(authenticates(mac_, certificate_));
  EXPECT_EQ(updates_token(mac_, certificate_, "com.apple.mgmt.External.foreign").error(),
            Refusal::topic_mismatch);
  EXPECT_EQ(enrolment("MAC").state, EnrolmentState::pending);
}

TEST_F(CheckInWorkTest, ATopicOfOursThatIsNotTheEnrolmentsIsRefused) {
  store_push_certificate("com.apple.mgmt.External.second");
  enrol(mac_, certificate_);
  EXPECT_EQ(updates_token(mac_, certificate_, "com.apple.mgmt.External.second").error(),
            Refusal::topic_mismatch);
  EXPECT_EQ(updates_token(user_, certificate_, "com.apple.mgmt.External.second").error(),
            Refusal::topic_mismatch);
}

TEST_F(CheckInWorkTest, ATokenUpdateWithoutAuthenticateIsARestoreAndBringsTheSameDeviceBack) {
  enrol(mac_, certificate_);
  end("MAC", EndReason::unreachable);

  ASSERT_TRUE(updates_token(mac_, certificate_));

  EXPECT_EQ(enrolment("MAC").state, EnrolmentState::enrolled);
  EXPECT_EQ(enrolment("MAC").generation, 1u);
}

TEST_F(CheckInWorkTest, ARestoreOfAnUnknownOrEndedEnrolmentIsRefused) {
  EXPECT_EQ(updates_token(mac_, certificate_).error(), Refusal::enrolment_unknown);
  enrol(mac_, certificate_);
  end("MAC", EndReason::checked_out);
  EXPECT_EQ(updates_token(mac_, certificate_).error(), Refusal::enrolment_ended);
}

TEST_F(CheckInWorkTest, ARestoreToAnotherDeviceCannotSpeakForTheFirst) {
  enrol(mac_, certificate_);
  const IdentityKeys restored = device_channel("OTHER MAC");
  EXPECT_EQ(updates_token(restored, certificate_).error(), Refusal::enrolment_unknown);
}

// ---- CheckOut ----

TEST_F(CheckInWorkTest, CheckOutEndsTheDeviceAndItsUsers) {
  enrol(mac_, certificate_);
  ASSERT_TRUE(updates_token(user_, certificate_));

  EXPECT_TRUE(checks_out(mac_, certificate_)->ended);

  EXPECT_EQ(enrolment("MAC").end_reason, EndReason::checked_out);
  EXPECT_EQ(enrolment("MAC:USER").state, EnrolmentState::ended);
  EXPECT_EQ(updates_token(user_, certificate_).error(), Refusal::enrolment_ended);
}

TEST_F(CheckInWorkTest, CheckOutTwiceIsAsGoodAsOnce) {
  enrol(mac_, certificate_);
  EXPECT_TRUE(checks_out(mac_, certificate_)->ended);
  const auto ended_at = enrolment("MAC").ended_at;
  now_ += minutes(1);

  const CheckInAnswer again = checks_out(mac_, certificate_);

  ASSERT_TRUE(again);
  EXPECT_FALSE(again->ended);
  EXPECT_EQ(enrolment("MAC").ended_at, ended_at);
}

TEST_F(CheckInWorkTest, CheckOutOfAUserLeavesTheDevice) {
  enrol(mac_, certificate_);
  ASSERT_TRUE(updates_token(user_, certificate_));

  ASSERT_TRUE(checks_out(user_, certificate_));

  EXPECT_EQ(enrolment("MAC").state, EnrolmentState::enrolled);
  EXPECT_EQ(enrolment("MAC:USER").state, EnrolmentState::ended);
}

TEST_F(CheckInWorkTest, CheckOutWithAnothersCertificateEndsNothing) {
  enrol(mac_, certificate_);
  const storage::Sha256 others = issue('o');
  enrol(device_channel("OTHER"), others);

  EXPECT_EQ(checks_out(mac_, others).error(), Refusal::certificate_bound_elsewhere);

  EXPECT_EQ(enrolment("MAC").state, EnrolmentState::enrolled);
}

// ---- user channels ----

TEST_F(CheckInWorkTest, AUserChannelHasItsOwnQueueAndItsDevicesCertificate) {
  enrol(mac_, certificate_);
  ASSERT_TRUE(updates_token(user_, certificate_));
  enqueue("MAC:USER", command("b", "ProfileList"));

  EXPECT_EQ(handed_out(says(idle(mac_), certificate_)), "nothing");
  EXPECT_EQ(handed_out(says(idle(user_), certificate_)), "b");
}

TEST_F(CheckInWorkTest, AUserOfAnotherMacIsRefused) {
  enrol(mac_, certificate_);
  const storage::Sha256 others = issue('o');
  enrol(device_channel("OTHER"), others);
  EXPECT_EQ(updates_token(user_, others).error(), Refusal::certificate_bound_elsewhere);
  EXPECT_FALSE(is_known("MAC:USER"));
}

TEST_F(CheckInWorkTest, AUserComesBackAfterItsDeviceHasEnrolledAnew) {
  enrol(mac_, certificate_);
  ASSERT_TRUE(updates_token(user_, certificate_));
  now_ += minutes(1);
  const storage::Sha256 fresh = issue('n');
  enrol(mac_, fresh);
  EXPECT_EQ(handed_out(says(idle(user_), fresh)), "refused: enrolment_ended");

  ASSERT_TRUE(updates_token(user_, fresh));

  EXPECT_EQ(handed_out(says(idle(user_), fresh)), "nothing");
}

TEST_F(CheckInWorkTest, AUserWhoAsksForTheFirstTimeLeavesNoRecord) {
  enrol(mac_, certificate_);
  EXPECT_TRUE(asks_for_token(user_, certificate_));
  EXPECT_FALSE(is_known("MAC:USER"));
}

// ---- renewal ----

TEST_F(CheckInWorkTest, ARenewedCertificateTakesThePlaceOfTheOldWhichIsAcceptedForTheOverlap) {
  enrol(mac_, certificate_);
  now_ += days(300);
  const storage::Sha256 renewed = issue('n', certificate_);
  EXPECT_TRUE(says(idle(mac_), certificate_)) << "nothing changes before the new one shows itself";

  EXPECT_EQ(says(idle(mac_), renewed)->pin, PinChange::adopt);

  EXPECT_EQ(enrolment("MAC").certificate, renewed);
  EXPECT_EQ(says(idle(mac_), certificate_)->pin, PinChange::none) << "a Mac's other process";
  EXPECT_EQ(enrolment("MAC").certificate, renewed) << "the old one does not come back";
  now_ += rules_.authorisation.renewal_overlap;
  EXPECT_EQ(handed_out(says(idle(mac_), certificate_)), "refused: certificate_superseded");
  EXPECT_TRUE(says(idle(mac_), renewed));
}

TEST_F(CheckInWorkTest, ADeviceThatLostTheAnswerToItsRenewalRenewsAgain) {
  enrol(mac_, certificate_);
  issue('n', certificate_);  // never arrived
  const storage::Sha256 second = issue('k', certificate_);

  EXPECT_EQ(says(idle(mac_), second)->pin, PinChange::adopt);
}

TEST_F(CheckInWorkTest, AUserChannelsRequestAdoptsTheRenewalForTheDevice) {
  enrol(mac_, certificate_);
  ASSERT_TRUE(updates_token(user_, certificate_));
  const storage::Sha256 renewed = issue('n', certificate_);

  EXPECT_EQ(says(idle(user_), renewed)->pin, PinChange::adopt);

  EXPECT_EQ(enrolment("MAC").certificate, renewed);
}

TEST_F(CheckInWorkTest, ARenewalOfAnotherDevicesCertificateIsRefused) {
  enrol(mac_, certificate_);
  const storage::Sha256 others = issue('o');
  enrol(device_channel("OTHER"), others);
  const storage::Sha256 renewed = issue('n', others);

  EXPECT_EQ(handed_out(says(idle(mac_), renewed)), "refused: certificate_bound_elsewhere");
  EXPECT_EQ(authenticates(mac_, renewed).error(), Refusal::certificate_bound_elsewhere);
}

}  // namespace
}  // namespace reveille::device
