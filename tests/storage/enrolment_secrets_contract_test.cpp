#include "tests/storage/store_contract.h"

// Promises 4 and 11: what is escrowed with an enrolment, and the logins of its users, end with its
// life and go to nobody else.
namespace reveille::storage::testing {
namespace {

class EnrolmentSecretsContractTest : public StoreContractTest {
 protected:
  Result<void> escrow(const mdm::EnrolmentId& device, BytesView token) {
    return commit(
        [&](Transaction& transaction) { return transaction.put_bootstrap_token(device, token); });
  }
  std::optional<Bytes> escrowed(const mdm::EnrolmentId& device) {
    return store().begin()->bootstrap_token(device).value();
  }

  static mdm::Identity user_of(const mdm::EnrolmentId& user_id) {
    return token_update_message(user_id).identity;
  }
  Result<void> log_in(const mdm::EnrolmentId& user_id, char token) {
    const UserLogin login{.nonce = {}, .nonce_expires_at = {}, .auth_token = digest(token)};
    return put(user_id, login);
  }
  Result<void> put(const mdm::EnrolmentId& user_id, const std::optional<UserLogin>& login) {
    return commit([&](Transaction& transaction) {
      return transaction.put_user_login(user_of(user_id), login);
    });
  }
  std::optional<UserLogin> login_of(const mdm::EnrolmentId& user_id) {
    return store().begin()->user_login(user_id).value();
  }
};
REVEILLE_ON_EVERY_ENGINE(EnrolmentSecretsContractTest);

TEST_P(EnrolmentSecretsContractTest, ABootstrapTokenIsKeptByteForByteAndTheLastOneWins) {
  enrol(mac);
  EXPECT_EQ(escrowed(mac), std::nullopt);
  ASSERT_TRUE(escrow(mac, "first"));
  const Bytes bytes("\0\xff zero first", 13);
  ASSERT_TRUE(escrow(mac, bytes));
  EXPECT_EQ(escrowed(mac), bytes);
  EXPECT_EQ(escrowed(phone), std::nullopt);
}

TEST_P(EnrolmentSecretsContractTest, AnEmptyBootstrapTokenTakesTheStoredOneAway) {
  enrol(mac);
  ASSERT_TRUE(escrow(mac, ""));
  ASSERT_TRUE(escrow(mac, "token"));
  ASSERT_TRUE(escrow(mac, ""));
  EXPECT_EQ(escrowed(mac), std::nullopt);
}

TEST_P(EnrolmentSecretsContractTest, ATokenUpdateLeavesTheBootstrapToken) {
  ASSERT_TRUE(authenticate(mac));
  ASSERT_TRUE(escrow(mac, "token"));
  ASSERT_TRUE(update_token(mac));
  EXPECT_EQ(escrowed(mac), "token");
}

TEST_P(EnrolmentSecretsContractTest, ABootstrapTokenIsGoneAtReEnrolmentAndAtTheEnd) {
  enrol(mac);
  ASSERT_TRUE(escrow(mac, "token"));
  ASSERT_TRUE(authenticate(mac, 'd'));
  EXPECT_EQ(escrowed(mac), std::nullopt);

  ASSERT_TRUE(escrow(mac, "token of the next life"));
  end(mac, EndReason::removed);
  EXPECT_EQ(escrowed(mac), std::nullopt);
}

TEST_P(EnrolmentSecretsContractTest, OnlyALivingEnrolmentEscrows) {
  EXPECT_EQ(escrow(mac, "token").error().code, ErrorCode::not_found);
  enrol(mac);
  end(mac, EndReason::checked_out);
  EXPECT_EQ(escrow(mac, "token").error().code, ErrorCode::conflict);
  EXPECT_EQ(escrowed(mac), std::nullopt);
}

TEST_P(EnrolmentSecretsContractTest, AUserMayLogInBeforeTheChannelBegins) {
  enrol(mac);
  EXPECT_EQ(login_of(user), std::nullopt);
  const UserLogin asked{
      .nonce = digest('n'), .nonce_expires_at = now + 5min, .auth_token = std::nullopt};
  ASSERT_TRUE(put(user, asked));
  EXPECT_EQ(login_of(user), asked);
  ASSERT_TRUE(log_in(user, 't'));
  EXPECT_EQ(login_of(user)->auth_token, digest('t'));
  EXPECT_EQ(login_of(user)->nonce, std::nullopt);
  ASSERT_TRUE(put(user, std::nullopt));
  EXPECT_EQ(login_of(user), std::nullopt);
}

TEST_P(EnrolmentSecretsContractTest, ALoginNeedsALivingDevice) {
  EXPECT_EQ(log_in(user, 't').error().code, ErrorCode::not_found);
  enrol(mac);
  end(mac, EndReason::erased);
  EXPECT_EQ(log_in(user, 't').error().code, ErrorCode::conflict);
}

TEST_P(EnrolmentSecretsContractTest, LoginsEndWithTheirDeviceAlsoThoseWithoutAChannel) {
  const mdm::EnrolmentId silent = id("MAC-2:SILENT");
  enrol(mac);
  enrol(id("MAC-20"));
  ASSERT_TRUE(update_token(user));
  for (const auto& each : {user, silent, id("MAC-20:USER-9")}) ASSERT_TRUE(log_in(each, 't'));

  ASSERT_TRUE(authenticate(mac, 'd'));
  EXPECT_EQ(login_of(user), std::nullopt);
  EXPECT_EQ(login_of(silent), std::nullopt);

  ASSERT_TRUE(log_in(silent, 't'));
  end(mac, EndReason::removed);
  EXPECT_EQ(login_of(silent), std::nullopt);
  EXPECT_TRUE(login_of(id("MAC-20:USER-9"))) << "another device whose id begins alike";
}

TEST_P(EnrolmentSecretsContractTest, ALoginEndsWithItsChannelAlone) {
  enrol(mac);
  ASSERT_TRUE(update_token(user));
  ASSERT_TRUE(log_in(user, 't'));
  ASSERT_TRUE(log_in(id("MAC-2:OTHER"), 'o'));
  end(user, EndReason::checked_out);
  EXPECT_EQ(login_of(user), std::nullopt);
  EXPECT_TRUE(login_of(id("MAC-2:OTHER")));
}

TEST_P(EnrolmentSecretsContractTest, ADeviceHasABoundedNumberOfLogins) {
  open({.user_logins_max = 2});
  enrol(mac);
  ASSERT_TRUE(log_in(id("MAC-2:A"), 'a'));
  ASSERT_TRUE(log_in(id("MAC-2:B"), 'b'));
  EXPECT_EQ(log_in(id("MAC-2:C"), 'c').error().code, ErrorCode::overloaded);
  EXPECT_TRUE(log_in(id("MAC-2:B"), 'x')) << "a known user logs in again";
  ASSERT_TRUE(put(id("MAC-2:A"), std::nullopt));
  EXPECT_TRUE(log_in(id("MAC-2:C"), 'c'));
}

TEST_P(EnrolmentSecretsContractTest, ARevokedCertificateIsListedOnce) {
  const auto revoke = [&](char certificate) {
    return commit([&](Transaction& transaction) {
      return transaction.revoke_certificate(digest(certificate), now);
    });
  };
  EXPECT_TRUE(store().begin()->revoked_certificates()->empty());
  ASSERT_TRUE(revoke('b'));
  ASSERT_TRUE(revoke('a'));
  ASSERT_TRUE(revoke('b'));
  EXPECT_EQ(*store().begin()->revoked_certificates(), (std::vector{digest('a'), digest('b')}));
}

// ---- the one exception from a queue's order (protocol.md section 4, AwaitingConfiguration) ----

TEST_P(EnrolmentSecretsContractTest, WhatEndsSetupWaitsForAllThatWasQueuedLater) {
  const mdm::Command configured = command("uuid-configured", "DeviceConfigured");
  enrol(phone);
  enqueue(phone, configured);
  enqueue(phone, restart);
  enqueue(phone, list);
  EXPECT_EQ(says_idle(phone), restart.uuid.text);
  EXPECT_EQ(says_acknowledged(phone, restart), list.uuid.text);
  EXPECT_EQ(says_acknowledged(phone, list), configured.uuid.text);
  EXPECT_EQ(says_idle(phone), configured.uuid.text) << "sent and not answered";
  EXPECT_EQ(says_acknowledged(phone, configured), nothing);
}

TEST_P(EnrolmentSecretsContractTest, WhatEndsSetupDoesNotWaitForWhatTheDevicePutsOff) {
  const mdm::Command configured = command("uuid-configured", "UserConfigured");
  enrol(phone);
  enqueue(phone, restart);
  enqueue(phone, configured);
  EXPECT_EQ(says_idle(phone), restart.uuid.text);
  EXPECT_EQ(says_not_now(phone, restart), configured.uuid.text);
  EXPECT_EQ(says_acknowledged(phone, configured), nothing);
  EXPECT_EQ(says_idle(phone), restart.uuid.text);
}

}  // namespace
}  // namespace reveille::storage::testing
