#include "tests/storage/store_contract.h"

// Promises 4 and 6: lives of an enrolment, and what ends with them.
namespace reveille::storage::testing {
namespace {

class EnrolmentContractTest : public StoreContractTest {};
REVEILLE_ON_EVERY_ENGINE(EnrolmentContractTest);

TEST_P(EnrolmentContractTest, AnEnrolmentIsPendingUntilItsFirstTokenUpdate) {
  ASSERT_TRUE(authenticate(phone));
  EXPECT_EQ(find(phone)->state, EnrolmentState::pending);
  EXPECT_FALSE(find(phone)->has_push_token);

  ASSERT_TRUE(update_token(phone));
  EXPECT_EQ(find(phone)->state, EnrolmentState::enrolled);
  EXPECT_TRUE(find(phone)->has_push_token);
  EXPECT_EQ(find(phone)->token_update_tally, 1u);
}

TEST_P(EnrolmentContractTest, WhatAuthenticateSaysIsKept) {
  const Result<Enrolment> answered = authenticate(phone, 'x');
  ASSERT_TRUE(answered);

  EXPECT_EQ(find(phone), *answered);
  EXPECT_EQ(answered->serial_number, "C02-PHONE-1");
  EXPECT_EQ(answered->os_version, "17.4");
  EXPECT_EQ(answered->imei, "");
  EXPECT_EQ(answered->certificate, digest('x'));
  EXPECT_EQ(answered->authenticated_at, now);
  EXPECT_EQ(answered->generation, 1u);
}

TEST_P(EnrolmentContractTest, AnUnknownIdIsNotFound) {
  EXPECT_EQ(find(phone), std::nullopt);
  EXPECT_EQ(update_token(phone).error().code, ErrorCode::not_found);
  const auto ended = commit([&](Transaction& transaction) {
    return transaction.end_enrolment(phone, EndReason::removed, now);
  });
  EXPECT_EQ(ended.error().code, ErrorCode::not_found);
}

TEST_P(EnrolmentContractTest, AUserChannelCannotAuthenticate) {
  mdm::Authenticate message = authenticate_message(mac);
  message.identity.enrolment = user;
  const auto refused = commit([&](Transaction& transaction) {
    return transaction.authenticate(message, digest('c'), now);
  });
  EXPECT_EQ(refused.error().code, ErrorCode::malformed);
}

TEST_P(EnrolmentContractTest, AnIdThatCannotBeStoredIsRefused) {
  for (const std::string& text : {std::string(), std::string(513, 'x'), std::string("A:B")}) {
    EXPECT_EQ(authenticate(id(text)).error().code, ErrorCode::malformed) << text;
  }
}

TEST_P(EnrolmentContractTest, ASecondAuthenticateBeginsANewLifeWithNothingOfTheOld) {
  enrol(phone);
  enqueue(phone, restart);
  pass(1h);

  const Result<Enrolment> again = authenticate(phone, 'd');

  EXPECT_EQ(again->generation, 2u);
  EXPECT_EQ(again->state, EnrolmentState::pending);
  EXPECT_FALSE(again->has_push_token);
  EXPECT_EQ(store().begin()->push_target(phone).value(), std::nullopt);
  EXPECT_EQ(says_idle(phone), nothing);
  EXPECT_TRUE(store().begin()->deliveries(phone, 10).value().empty());
  EXPECT_FALSE(is_due(phone));
  EXPECT_EQ(store().counts().deliveries_voided, 1u);
  EXPECT_EQ(store().counts().deliveries_live, 0u);
}

TEST_P(EnrolmentContractTest, TheSameCommandMayBeQueuedAgainInANewLife) {
  enrol(phone);
  enqueue(phone, restart);
  EXPECT_EQ(says_acknowledged(phone, restart), nothing);

  enrol(phone);

  EXPECT_EQ(enqueue(phone, restart), Enqueued::queued);
  EXPECT_EQ(store().begin()->find_result(phone, restart.uuid).value(), std::nullopt);
  EXPECT_EQ(says_idle(phone), "uuid-restart");
}

TEST_P(EnrolmentContractTest, AReportOfAnEarlierLifeIsUnknown) {
  enrol(phone);
  enqueue(phone, restart);
  says_idle(phone);
  enrol(phone);

  EXPECT_EQ(report(phone, restart, mdm::Status::acknowledged)->kind, Recorded::Kind::unknown);
}

TEST_P(EnrolmentContractTest, TheLastTokenReceivedWins) {
  enrol(phone);
  mdm::TokenUpdate message = token_update_message(phone);
  message.push_token.bytes = "another token";
  message.awaiting_configuration = true;
  pass(1h);
  ASSERT_TRUE(commit([&](Transaction& t) { return t.update_token(message, now); }));

  const DueWake target = store().begin()->push_target(phone).value().value();
  EXPECT_EQ(target.push_token.bytes, "another token");
  EXPECT_EQ(target.token_updated_at, now);
  EXPECT_EQ(find(phone)->token_update_tally, 2u);
  EXPECT_TRUE(find(phone)->awaiting_configuration);
}

TEST_P(EnrolmentContractTest, WhatEndsSetupEndsTheWaitOnceItIsAcknowledged) {
  const mdm::Command configured = command("uuid-configured", "DeviceConfigured");
  enrol(phone);
  mdm::TokenUpdate message = token_update_message(phone);
  message.awaiting_configuration = true;
  ASSERT_TRUE(commit([&](Transaction& t) { return t.update_token(message, now); }));
  enqueue(phone, restart);
  enqueue(phone, configured);

  report(phone, restart, mdm::Status::acknowledged);
  EXPECT_TRUE(find(phone)->awaiting_configuration);
  report(phone, configured, mdm::Status::not_now);
  EXPECT_TRUE(find(phone)->awaiting_configuration);
  report(phone, configured, mdm::Status::acknowledged);
  EXPECT_FALSE(find(phone)->awaiting_configuration);
}

TEST_P(EnrolmentContractTest, WhatEndsSetupAndFailedLeavesTheDeviceWaiting) {
  const mdm::Command configured = command("uuid-configured", "DeviceConfigured");
  enrol(phone);
  mdm::TokenUpdate message = token_update_message(phone);
  message.awaiting_configuration = true;
  ASSERT_TRUE(commit([&](Transaction& t) { return t.update_token(message, now); }));
  enqueue(phone, configured);

  report(phone, configured, mdm::Status::error);
  EXPECT_TRUE(find(phone)->awaiting_configuration);
}

TEST_P(EnrolmentContractTest, ATokenOfAnotherTopicIsAConflict) {
  enrol(phone);
  mdm::TokenUpdate message = token_update_message(phone);
  message.topic = "com.apple.mgmt.External.other";
  const auto refused = commit([&](Transaction& t) { return t.update_token(message, now); });
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_EQ(find(phone)->token_update_tally, 1u);
}

TEST_P(EnrolmentContractTest, AnEndVoidsTheQueueAndForgetsTheToken) {
  enrol(phone);
  enqueue(phone, restart);
  enqueue(phone, lock);
  says_idle(phone);

  end(phone, EndReason::checked_out);

  EXPECT_EQ(find(phone)->state, EnrolmentState::ended);
  EXPECT_EQ(find(phone)->end_reason, EndReason::checked_out);
  EXPECT_EQ(find(phone)->ended_at, now);
  EXPECT_FALSE(find(phone)->has_push_token);
  EXPECT_EQ(state_of(phone, restart), DeliveryState::voided);
  EXPECT_EQ(state_of(phone, lock), DeliveryState::voided);
  EXPECT_EQ(says_idle(phone), nothing);
  EXPECT_FALSE(is_due(phone));
  EXPECT_EQ(enqueue(phone, list), Enqueued::not_enrolled);
}

TEST_P(EnrolmentContractTest, ASecondEndChangesNothing) {
  enrol(phone);
  end(phone, EndReason::erased);
  pass(1h);
  end(phone, EndReason::removed);
  EXPECT_EQ(find(phone)->end_reason, EndReason::erased);
  EXPECT_EQ(find(phone)->ended_at, start_of_test);
}

TEST_P(EnrolmentContractTest, OnlyAnUnreachableEnrolmentComesBackWithATokenUpdate) {
  for (const EndReason reason : {EndReason::checked_out, EndReason::erased, EndReason::removed}) {
    enrol(phone);
    end(phone, reason);
    EXPECT_EQ(update_token(phone).error().code, ErrorCode::conflict) << name_of(reason);
  }
  enrol(phone);
  end(phone, EndReason::unreachable);

  ASSERT_TRUE(update_token(phone));

  EXPECT_EQ(find(phone)->state, EnrolmentState::enrolled);
  EXPECT_EQ(find(phone)->end_reason, std::nullopt);
  EXPECT_EQ(enqueue(phone, restart), Enqueued::queued);
}

TEST_P(EnrolmentContractTest, AUserChannelNeedsALivingDevice) {
  EXPECT_EQ(update_token(user).error().code, ErrorCode::not_found);
  enrol(mac);
  end(mac, EndReason::checked_out);
  EXPECT_EQ(update_token(user).error().code, ErrorCode::conflict);
  EXPECT_EQ(find(user), std::nullopt);
}

TEST_P(EnrolmentContractTest, AUserChannelHasItsOwnTokenAndQueue) {
  enrol(mac);
  ASSERT_TRUE(update_token(user));
  enqueue(user, restart);

  EXPECT_EQ(find(user)->identity.user_short_name, "ada");
  EXPECT_EQ(find(user)->certificate, Sha256{});
  EXPECT_EQ(says_idle(mac), nothing);
  EXPECT_EQ(says_idle(user), "uuid-restart");
  EXPECT_EQ(store().begin()->push_target(user).value()->push_magic.text, "magic of MAC-2:USER-9");
}

TEST_P(EnrolmentContractTest, AuthenticateEndsTheUserChannelsOfTheEarlierLife) {
  enrol(mac);
  ASSERT_TRUE(update_token(user));
  enqueue(user, restart);
  // Ids that only look like the device's own.
  const mdm::EnrolmentId neighbour = id("MAC-22");
  enrol(neighbour);
  enqueue(neighbour, restart);

  ASSERT_TRUE(authenticate(mac));

  EXPECT_EQ(find(user)->end_reason, EndReason::superseded);
  EXPECT_FALSE(find(user)->has_push_token);
  EXPECT_EQ(state_of(user, restart), DeliveryState::voided);
  EXPECT_FALSE(is_due(user));
  EXPECT_EQ(find(neighbour)->state, EnrolmentState::enrolled);
  EXPECT_EQ(state_of(neighbour, restart), DeliveryState::queued);
}

TEST_P(EnrolmentContractTest, AUserChannelBeginsANewLifeInItsDevicesNewLife) {
  enrol(mac);
  ASSERT_TRUE(update_token(user));
  enqueue(user, restart);
  end(mac, EndReason::removed);
  enrol(mac);

  ASSERT_TRUE(update_token(user));

  EXPECT_EQ(find(user)->generation, 2u);
  EXPECT_EQ(find(user)->state, EnrolmentState::enrolled);
  EXPECT_EQ(says_idle(user), nothing);
  EXPECT_EQ(enqueue(user, restart), Enqueued::queued);
}

TEST_P(EnrolmentContractTest, AUserChannelComesBackOnlyAfterItsDeviceThatApnsHadGivenUp) {
  enrol(mac);
  ASSERT_TRUE(update_token(user));
  end(mac, EndReason::unreachable);

  EXPECT_EQ(update_token(user).error().code, ErrorCode::conflict);
  EXPECT_EQ(find(user)->state, EnrolmentState::ended);
  EXPECT_FALSE(find(user)->has_push_token);
  ASSERT_TRUE(update_token(mac));
  EXPECT_TRUE(update_token(user));
  EXPECT_EQ(find(user)->state, EnrolmentState::enrolled);
}

TEST_P(EnrolmentContractTest, AUserChannelThatAnOperatorRemovedStaysRemoved) {
  enrol(mac);
  ASSERT_TRUE(update_token(user));
  end(user, EndReason::removed);
  EXPECT_EQ(update_token(user).error().code, ErrorCode::conflict);
  EXPECT_EQ(find(mac)->state, EnrolmentState::enrolled);
}

TEST_P(EnrolmentContractTest, TheEndOfADeviceEndsItsUserChannels) {
  enrol(mac);
  ASSERT_TRUE(update_token(user));
  end(mac, EndReason::erased);
  EXPECT_EQ(find(user)->end_reason, EndReason::erased);
}

TEST_P(EnrolmentContractTest, ARenewedCertificateIsPinnedAndTheOneBeforeIsAcceptedForAWhile) {
  enrol(phone);
  const auto replace = [&](char certificate) {
    return commit([&](Transaction& t) {
      return t.replace_certificate(phone, digest(certificate), now + 1h);
    });
  };
  ASSERT_TRUE(replace('n'));
  ASSERT_TRUE(replace('n'));  // the device asked twice

  EXPECT_EQ(find(phone)->certificate, digest('n'));
  EXPECT_EQ(find(phone)->previous_certificate, digest('c'));
  EXPECT_EQ(find(phone)->previous_certificate_until, now + 1h);

  end(phone, EndReason::removed);
  EXPECT_EQ(replace('m').error().code, ErrorCode::conflict);
}

TEST_P(EnrolmentContractTest, OnlyAKnownDeviceHasACertificateToReplace) {
  enrol(mac);
  ASSERT_TRUE(update_token(user));
  for (const mdm::EnrolmentId& other : {phone, user}) {
    const auto refused =
        commit([&](Transaction& t) { return t.replace_certificate(other, digest('n'), now); });
    EXPECT_EQ(refused.error().code, ErrorCode::not_found) << other.text();
  }
}

TEST_P(EnrolmentContractTest, LastSeenIsWrittenAtMostOnceInItsResolution) {
  enrol(phone);
  const auto last_seen = [&] { return store().begin()->wake_state(phone).value()->last_seen_at; };
  const auto touch = [&] {
    ASSERT_TRUE(commit([&](Transaction& t) { return t.touch(phone, now); }));
  };
  EXPECT_EQ(last_seen(), Time{});
  touch();
  EXPECT_EQ(last_seen(), start_of_test);
  pass(9min);
  touch();
  EXPECT_EQ(last_seen(), start_of_test);
  pass(1min);
  touch();
  EXPECT_EQ(last_seen(), now);
}

TEST_P(EnrolmentContractTest, EnrolmentsAreListedInByteOrderAPageAtATime) {
  for (const char* text : {"b", "a", "\xff", "B", "ab"}) enrol(id(text));
  const auto page = [&](const char* after, std::size_t count_max) {
    const auto listed = store().begin()->list_enrolments(id(after), count_max).value();
    std::string ids;
    for (const Enrolment& enrolment : listed) ids += enrolment.identity.enrolment.text() + ' ';
    return ids;
  };
  EXPECT_EQ(page("", 3), "B a ab ");
  EXPECT_EQ(page("ab", 3), "b \xff ");
  EXPECT_EQ(page("a", 1), "ab ");
  EXPECT_EQ(page("", 0), "");
}

}  // namespace
}  // namespace reveille::storage::testing
