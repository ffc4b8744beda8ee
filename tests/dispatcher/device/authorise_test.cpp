#include "dispatcher/device/authorise.h"

#include <gtest/gtest.h>

#include <array>

#include "dispatcher/device/secret_text.h"
#include "tests/dispatcher/device/records_fixture.h"

// Who may speak for an enrolment, decided from values alone: protocol.md section 2, promise 4.
namespace reveille::device {
namespace {

using storage::EndReason;
using storage::EnrolmentState;
using Verdict = std::expected<PinChange, Refusal>;

constexpr std::array all_but_authenticate{
    MessageKind::token_update,  MessageKind::check_out,      MessageKind::user_authenticate,
    MessageKind::device_matter, MessageKind::other_check_in, MessageKind::connect};

const storage::Time now{std::chrono::sys_days{std::chrono::January / 15 / 2026}};
const storage::Sha256 pinned = certificate_named('p');
const storage::Sha256 previous = certificate_named('o');
const storage::Sha256 renewed = certificate_named('r');
const storage::Sha256 other = certificate_named('x');

mdm::Identity identity_of_device() {
  return {.kind = mdm::IdentityKind::device,
          .enrolment = mdm::EnrolmentId("MAC"),
          .device = mdm::EnrolmentId("MAC"),
          .user_short_name = {},
          .user_long_name = {}};
}
mdm::Identity identity_of_user() {
  mdm::Identity identity = identity_of_device();
  identity.kind = mdm::IdentityKind::user;
  identity.enrolment = mdm::EnrolmentId("MAC:USER");
  return identity;
}

storage::Enrolment enrolled(const mdm::Identity& identity) {
  storage::Enrolment enrolment;
  enrolment.identity = identity;
  enrolment.state = EnrolmentState::enrolled;
  enrolment.certificate = pinned;
  return enrolment;
}

storage::Enrolment ended(storage::Enrolment enrolment, EndReason reason) {
  enrolment.state = EnrolmentState::ended;
  enrolment.end_reason = reason;
  return enrolment;
}

class AuthoriseTest : public testing::Test {
 protected:
  AuthoriseTest() { set_device(enrolled(identity_of_device())); }

  void set_device(const storage::Enrolment& device) {
    standing_.device = device;
    standing_.channel = device;
  }
  void bind_to(const char* device) { standing_.bound_device = mdm::EnrolmentId(device); }
  void renew_lately(std::chrono::seconds overlap_left) {
    standing_.device->previous_certificate = previous;
    standing_.device->previous_certificate_until = now + overlap_left;
  }

  Verdict asks(MessageKind kind, const storage::Sha256& certificate) const {
    return authorise(kind, identity_of_device(), certificate, standing_, now);
  }
  Verdict user_asks(MessageKind kind, const storage::Sha256& certificate) const {
    return authorise(kind, identity_of_user(), certificate, standing_, now);
  }
  void expect_refused(const storage::Sha256& certificate, Refusal refusal) const {
    for (const MessageKind kind : all_but_authenticate) {
      EXPECT_EQ(asks(kind, certificate), Verdict(std::unexpected(refusal)))
          << static_cast<int>(kind);
    }
  }
  void expect_welcome(const storage::Sha256& certificate, PinChange pin = PinChange::none) const {
    for (const MessageKind kind : all_but_authenticate) {
      EXPECT_EQ(asks(kind, certificate), Verdict(pin)) << static_cast<int>(kind);
    }
  }

  Standing standing_;
};

TEST_F(AuthoriseTest, ThePinnedCertificateSpeaksForItsEnrolmentInEveryMessage) {
  expect_welcome(pinned);
  EXPECT_EQ(asks(MessageKind::authenticate, pinned), Verdict(PinChange::none));
}

TEST_F(AuthoriseTest, ACertificateOfAnotherEnrolmentIsRefusedInEveryMessage) {
  bind_to("ANOTHER");
  expect_refused(other, Refusal::certificate_bound_elsewhere);
  EXPECT_EQ(asks(MessageKind::authenticate, other).error(), Refusal::certificate_bound_elsewhere);
}

TEST_F(AuthoriseTest, ACertificateThatNoEnrolmentBeganWithIsRefused) {
  expect_refused(other, Refusal::certificate_unbound);
}

TEST_F(AuthoriseTest, AnEnrolmentThatWeDoNotKnowIsRefused) {
  standing_ = {};
  expect_refused(pinned, Refusal::enrolment_unknown);
}

TEST_F(AuthoriseTest, ACertificateBeforeARenewalIsAcceptedForTheOverlapAndNoLonger) {
  bind_to("MAC");
  renew_lately(std::chrono::seconds(1));
  expect_welcome(previous);

  renew_lately(std::chrono::seconds(0));
  expect_refused(previous, Refusal::certificate_superseded);
}

TEST_F(AuthoriseTest, ARenewalOfThePinnedCertificateIsAdoptedWhenItShowsItself) {
  bind_to("MAC");
  standing_.renews = {pinned};
  expect_welcome(renewed, PinChange::adopt);
}

TEST_F(AuthoriseTest, ARenewalOfARenewalThatNeverShowedItselfIsAdoptedToo) {
  bind_to("MAC");
  standing_.renews = {certificate_named('q'), pinned};
  expect_welcome(renewed, PinChange::adopt);
}

TEST_F(AuthoriseTest, ARenewalOfTheCertificateBeforeIsAdoptedOnlyDuringTheOverlap) {
  bind_to("MAC");
  standing_.renews = {previous};
  renew_lately(std::chrono::seconds(1));
  expect_welcome(renewed, PinChange::adopt);

  renew_lately(std::chrono::seconds(0));
  expect_refused(renewed, Refusal::certificate_superseded);
}

TEST_F(AuthoriseTest, AnEndedEnrolmentKeepsItsPin) {
  set_device(ended(*standing_.device, EndReason::checked_out));
  bind_to("MAC");
  standing_.renews = {pinned};
  EXPECT_EQ(asks(MessageKind::check_out, renewed), Verdict(PinChange::none));
}

// ---- the end ----

TEST_F(AuthoriseTest, AfterTheEndOnlyCheckOutIsWelcomeAgain) {
  for (const EndReason reason : {EndReason::checked_out, EndReason::erased, EndReason::removed}) {
    set_device(ended(enrolled(identity_of_device()), reason));
    EXPECT_TRUE(asks(MessageKind::check_out, pinned));
    EXPECT_EQ(asks(MessageKind::token_update, pinned).error(), Refusal::enrolment_ended);
    EXPECT_EQ(asks(MessageKind::other_check_in, pinned).error(), Refusal::enrolment_ended);
    EXPECT_EQ(asks(MessageKind::connect, pinned).error(), Refusal::enrolment_ended);
  }
}

TEST_F(AuthoriseTest, ATokenUpdateBringsBackADeviceThatApnsHadGivenUp) {
  set_device(ended(*standing_.device, EndReason::unreachable));
  EXPECT_TRUE(asks(MessageKind::token_update, pinned));
  EXPECT_EQ(asks(MessageKind::connect, pinned).error(), Refusal::enrolment_ended);
}

// ---- Authenticate ----

TEST_F(AuthoriseTest, AuthenticateOfANewDeviceTakesANewCertificate) {
  standing_ = {};
  EXPECT_TRUE(asks(MessageKind::authenticate, pinned));
  bind_to("MAC");  // tie_certificate() went before
  EXPECT_TRUE(asks(MessageKind::authenticate, pinned));
}

TEST_F(AuthoriseTest, AuthenticateOfAKnownDeviceTakesANewerCertificate) {
  bind_to("MAC");
  EXPECT_TRUE(asks(MessageKind::authenticate, other));
}

TEST_F(AuthoriseTest, AuthenticateWithACertificateOfAnEarlierTimeVoidsNothing) {
  bind_to("MAC");
  standing_.issued_before_pinned = true;
  EXPECT_EQ(asks(MessageKind::authenticate, other).error(), Refusal::certificate_superseded);
}

// A thief renews the stolen certificate: what he gets is younger than the device's own.
TEST_F(AuthoriseTest, AuthenticateWithARenewalOfASupersededCertificateVoidsNothing) {
  bind_to("MAC");
  renew_lately(std::chrono::seconds(0));
  standing_.renews = {previous};
  EXPECT_EQ(asks(MessageKind::authenticate, renewed).error(), Refusal::certificate_superseded);
}

TEST_F(AuthoriseTest, AuthenticateWithARenewalOfThePinnedCertificateIsWelcome) {
  bind_to("MAC");
  standing_.renews = {pinned};
  EXPECT_TRUE(asks(MessageKind::authenticate, renewed));
}

TEST_F(AuthoriseTest, AuthenticateAfterAnEndOnPurposeNeedsANewLinksCertificate) {
  bind_to("MAC");
  for (const EndReason reason : {EndReason::checked_out, EndReason::erased, EndReason::removed}) {
    set_device(ended(enrolled(identity_of_device()), reason));
    EXPECT_EQ(asks(MessageKind::authenticate, pinned).error(), Refusal::enrolment_ended);
    EXPECT_TRUE(asks(MessageKind::authenticate, other));
    standing_.renews = {pinned};
    EXPECT_EQ(asks(MessageKind::authenticate, renewed).error(), Refusal::enrolment_ended);
    standing_.renews.clear();
  }
  set_device(ended(enrolled(identity_of_device()), EndReason::unreachable));
  EXPECT_TRUE(asks(MessageKind::authenticate, pinned));
}

TEST_F(AuthoriseTest, AuthenticateFromAUserChannelIsRefused) {
  EXPECT_EQ(user_asks(MessageKind::authenticate, pinned).error(), Refusal::wrong_channel);
}

// ---- user channels ----

TEST_F(AuthoriseTest, AUserChannelIsCheckedAgainstItsDevicesPin) {
  standing_.channel = enrolled(identity_of_user());
  standing_.channel->certificate = {};
  EXPECT_TRUE(user_asks(MessageKind::connect, pinned));
  EXPECT_EQ(user_asks(MessageKind::connect, {}).error(), Refusal::certificate_unbound);
  bind_to("ANOTHER");
  EXPECT_EQ(user_asks(MessageKind::connect, other).error(), Refusal::certificate_bound_elsewhere);
}

TEST_F(AuthoriseTest, AUserChannelBeginsWithItsTokenUpdateAlone) {
  standing_.channel.reset();
  EXPECT_TRUE(user_asks(MessageKind::token_update, pinned));
  EXPECT_TRUE(user_asks(MessageKind::other_check_in, pinned)) << "UserAuthenticate comes before";
  EXPECT_EQ(user_asks(MessageKind::connect, pinned).error(), Refusal::enrolment_unknown);
  EXPECT_EQ(user_asks(MessageKind::check_out, pinned).error(), Refusal::enrolment_unknown);
}

TEST_F(AuthoriseTest, AUserChannelThatEndedBeginsAgainWithItsTokenUpdate) {
  standing_.channel = ended(enrolled(identity_of_user()), EndReason::superseded);
  EXPECT_TRUE(user_asks(MessageKind::token_update, pinned));
  EXPECT_EQ(user_asks(MessageKind::connect, pinned).error(), Refusal::enrolment_ended);
}

TEST_F(AuthoriseTest, AUserChannelEndsWithItsDevice) {
  standing_.channel = enrolled(identity_of_user());
  standing_.device = ended(*standing_.device, EndReason::checked_out);
  for (const MessageKind kind : {MessageKind::token_update, MessageKind::connect}) {
    EXPECT_EQ(user_asks(kind, pinned).error(), Refusal::enrolment_ended);
  }
}

TEST_F(AuthoriseTest, AUsersTokenUpdateBringsNothingBackWhileItsDeviceHasEnded) {
  standing_.channel = ended(enrolled(identity_of_user()), EndReason::unreachable);
  standing_.device = ended(*standing_.device, EndReason::unreachable);
  EXPECT_EQ(user_asks(MessageKind::token_update, pinned).error(), Refusal::enrolment_ended);
  standing_.channel.reset();
  EXPECT_EQ(user_asks(MessageKind::token_update, pinned).error(), Refusal::enrolment_ended);
  standing_.device = enrolled(identity_of_device());
  EXPECT_TRUE(user_asks(MessageKind::token_update, pinned));
}

// ---- restores: section 3 ----

TEST_F(AuthoriseTest, AnAccountDrivenEnrolmentIsNeverRestored) {
  storage::Enrolment phone = enrolled(identity_of_device());
  phone.identity.kind = mdm::IdentityKind::user_enrolment_device;
  set_device(ended(phone, EndReason::unreachable));
  EXPECT_EQ(asks(MessageKind::token_update, pinned).error(), Refusal::enrolment_ended);
  set_device(phone);
  EXPECT_TRUE(asks(MessageKind::token_update, pinned)) << "a repeat of a life that goes on";
}

// ---- what only a device may ask ----

TEST_F(AuthoriseTest, ADevicesOwnMattersAreNoBusinessOfItsUsers) {
  standing_.channel = enrolled(identity_of_user());
  EXPECT_EQ(user_asks(MessageKind::device_matter, pinned).error(), Refusal::wrong_channel);
  EXPECT_TRUE(asks(MessageKind::device_matter, pinned));
}

// ---- taken over from another server ----

TEST_F(AuthoriseTest, AnEnrolmentWithoutACertificateTakesOneThatIsTiedToIt) {
  storage::Enrolment unbound = enrolled(identity_of_device());
  unbound.certificate = {};
  set_device(unbound);
  EXPECT_EQ(asks(MessageKind::connect, other).error(), Refusal::enrolment_unbound);
  bind_to("ANOTHER");
  EXPECT_EQ(asks(MessageKind::connect, other).error(), Refusal::certificate_bound_elsewhere);
  bind_to("MAC");
  EXPECT_EQ(asks(MessageKind::connect, other), Verdict(PinChange::adopt));
}

// ---- AuthToken: section 3, UserAuthenticate 3 ----

TEST_F(AuthoriseTest, AUserWhoBeganToLogInNeedsTheTokenInEveryMessage) {
  const mdm::AuthToken right{"right"}, wrong{"wrong"};
  const auto check = [&](MessageKind kind, const mdm::AuthToken* token) {
    return check_login(kind, identity_of_user(), token, standing_);
  };
  EXPECT_EQ(check(MessageKind::connect, nullptr), std::nullopt) << "a local user never logs in";
  standing_.login.emplace();
  for (const MessageKind kind : {MessageKind::token_update, MessageKind::check_out,
                                 MessageKind::other_check_in, MessageKind::connect}) {
    standing_.login->auth_token = std::nullopt;
    EXPECT_EQ(check(kind, nullptr), Refusal::auth_token_wrong);
    EXPECT_EQ(check(kind, &right), Refusal::auth_token_wrong) << "nobody is logged in";
    standing_.login->auth_token = hash_of_secret("right");
    EXPECT_EQ(check(kind, nullptr), Refusal::auth_token_wrong);
    EXPECT_EQ(check(kind, &wrong), Refusal::auth_token_wrong);
    EXPECT_EQ(check(kind, &right), std::nullopt);
  }
  EXPECT_EQ(check(MessageKind::user_authenticate, nullptr), std::nullopt) << "it begins a login";
}

}  // namespace
}  // namespace reveille::device
