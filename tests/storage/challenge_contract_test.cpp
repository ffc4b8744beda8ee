#include "tests/storage/store_contract.h"

namespace reveille::storage::testing {
namespace {

class ChallengeContractTest : public StoreContractTest {
 protected:
  void add(char challenge, Time expires_at) {
    ASSERT_TRUE(
        commit([&](Transaction& t) { return t.add_challenge(digest(challenge), expires_at); }));
  }
  // The certificate that the challenge has been spent on, or `nothing`.
  std::string certificate_for(char challenge, char public_key, const std::string& certificate) {
    const auto spent = commit([&](Transaction& t) {
      return t.spend_challenge(digest(challenge), digest(public_key), certificate, now);
    });
    if (spent) return *spent;
    EXPECT_EQ(spent.error().code, ErrorCode::unauthorised);
    return nothing;
  }
  bool spend(char challenge, char public_key) {
    return certificate_for(challenge, public_key, "certificate") != nothing;
  }
  bool is_open(char challenge) {
    return store().begin()->challenge_is_open(digest(challenge), now).value();
  }
};
REVEILLE_ON_EVERY_ENGINE(ChallengeContractTest);

TEST_P(ChallengeContractTest, AChallengeIsSpentOnOneKeyAndMayBeRepeatedWithIt) {
  add('x', now + 1h);
  EXPECT_TRUE(spend('x', '1'));
  EXPECT_TRUE(spend('x', '1'));
  EXPECT_FALSE(spend('x', '2'));
}

TEST_P(ChallengeContractTest, AChallengeKeepsTheOneCertificateThatItWasSpentOn) {
  add('x', now + 1h);
  EXPECT_EQ(certificate_for('x', '1', "first"), "first");
  EXPECT_EQ(certificate_for('x', '1', "second"), "first");
  EXPECT_EQ(certificate_for('x', '2', "third"), nothing);
}

TEST_P(ChallengeContractTest, AnUnknownChallengeIsRefused) { EXPECT_FALSE(spend('x', '1')); }

TEST_P(ChallengeContractTest, AChallengeExpiresAlsoForTheKeyItWasSpentOn) {
  add('x', now + 1h);
  EXPECT_TRUE(spend('x', '1'));
  pass(1h);
  EXPECT_FALSE(spend('x', '1'));
}

TEST_P(ChallengeContractTest, AddingASpentChallengeAgainDoesNotReviveIt) {
  add('x', now + 1h);
  EXPECT_TRUE(spend('x', '1'));
  add('x', now + 2h);
  EXPECT_FALSE(spend('x', '2'));
}

TEST_P(ChallengeContractTest, AChallengeIsOpenUntilItIsSpent) {
  EXPECT_FALSE(is_open('x'));
  add('x', now + 1h);
  EXPECT_TRUE(is_open('x'));
  EXPECT_TRUE(spend('x', '1'));
  EXPECT_FALSE(is_open('x'));
}

TEST_P(ChallengeContractTest, AChallengeIsOpenUntilItExpires) {
  add('x', now + 1h);
  pass(1h - 1ms);
  EXPECT_TRUE(is_open('x'));
  pass(1ms);
  EXPECT_FALSE(is_open('x'));
}

}  // namespace
}  // namespace reveille::storage::testing
