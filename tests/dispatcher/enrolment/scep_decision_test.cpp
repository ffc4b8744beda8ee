#include "dispatcher/enrolment/scep_decision.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace reveille::enrolment {
namespace {

using pki::scep::FailInfo;
using pki::scep::MessageType;
using Action = ScepDecision::Action;

constexpr std::array types{MessageType::cert_rep, MessageType::renewal_req, MessageType::update_req,
                           MessageType::pkcs_req, MessageType::cert_poll};
constexpr std::array signers{ScepSigner::self_signed,      ScepSigner::identity,
                             ScepSigner::identity_renamed, ScepSigner::identity_expired,
                             ScepSigner::identity_revoked, ScepSigner::stranger};
constexpr std::array challenges{ScepChallenge::absent, ScepChallenge::present};

TEST(ScepDecisionTest, AFirstRequestNeedsAChallenge) {
  const auto with =
      decide_scep(MessageType::pkcs_req, ScepSigner::self_signed, ScepChallenge::present);
  EXPECT_EQ(with.action, Action::spend_challenge);
  EXPECT_FALSE(with.refusal);

  const auto without =
      decide_scep(MessageType::pkcs_req, ScepSigner::self_signed, ScepChallenge::absent);
  EXPECT_EQ(without.action, Action::refuse);
  EXPECT_EQ(without.refusal, ScepRefusal::no_challenge);
}

TEST(ScepDecisionTest, AnIdentityRenewsItselfWithOrWithoutAChallenge) {
  for (const ScepChallenge challenge : challenges) {
    for (const MessageType type : {MessageType::renewal_req, MessageType::pkcs_req}) {
      EXPECT_EQ(decide_scep(type, ScepSigner::identity, challenge).action, Action::renew);
    }
  }
}

TEST(ScepDecisionTest, OnlyARenewalReqMayChangeTheSubject) {
  EXPECT_EQ(
      decide_scep(MessageType::renewal_req, ScepSigner::identity_renamed, ScepChallenge::absent)
          .action,
      Action::renew);
  EXPECT_EQ(decide_scep(MessageType::pkcs_req, ScepSigner::identity_renamed, ScepChallenge::present)
                .refusal,
            ScepRefusal::subject_differs);
}

TEST(ScepDecisionTest, ARenewalThatIsSelfSignedIsRefused) {
  for (const ScepChallenge challenge : challenges) {
    EXPECT_EQ(decide_scep(MessageType::renewal_req, ScepSigner::self_signed, challenge).refusal,
              ScepRefusal::signer_unknown);
  }
}

TEST(ScepDecisionTest, WhoeverIsNeitherNewNorOfOursIsRefusedWhateverIsAsked) {
  for (const MessageType type : types) {
    for (const ScepChallenge challenge : challenges) {
      EXPECT_EQ(decide_scep(type, ScepSigner::stranger, challenge).action, Action::refuse);
      EXPECT_EQ(decide_scep(type, ScepSigner::identity_expired, challenge).action, Action::refuse);
      EXPECT_EQ(decide_scep(type, ScepSigner::identity_revoked, challenge).action, Action::refuse);
    }
  }
}

TEST(ScepDecisionTest, MessageTypesThatWeDoNotServeAreRefusedWhoeverSigns) {
  for (const MessageType type :
       {MessageType::cert_rep, MessageType::update_req, MessageType::cert_poll}) {
    for (const ScepSigner signer : signers) {
      for (const ScepChallenge challenge : challenges) {
        EXPECT_EQ(decide_scep(type, signer, challenge).refusal, ScepRefusal::type_not_served);
      }
    }
  }
}

// Fails closed: of all that can be asked, these seven and no others are granted.
TEST(ScepDecisionTest, SevenCombinationsAreAllowedAndEveryOtherSaysWhyNot) {
  int granted = 0;
  for (const MessageType type : types) {
    for (const ScepSigner signer : signers) {
      for (const ScepChallenge challenge : challenges) {
        const ScepDecision decision = decide_scep(type, signer, challenge);
        EXPECT_EQ(decision.action == Action::refuse, decision.refusal.has_value());
        if (decision.action != Action::refuse) ++granted;
      }
    }
  }
  EXPECT_EQ(granted, 7);
}

TEST(ScepDecisionTest, EveryRefusalHasANameOfItsOwn) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < scep_refusals; ++i)
    names.insert(name_of(static_cast<ScepRefusal>(i)));
  EXPECT_EQ(names.size(), scep_refusals);
  EXPECT_FALSE(names.contains("unknown"));
}

TEST(ScepDecisionTest, RefusalsTellTheClientWhatWasWrong) {
  EXPECT_EQ(fail_info_of(ScepRefusal::key_too_weak), FailInfo::bad_alg);
  EXPECT_EQ(fail_info_of(ScepRefusal::identity_expired), FailInfo::bad_time);
  EXPECT_EQ(fail_info_of(ScepRefusal::signer_unknown), FailInfo::bad_cert_id);
  EXPECT_EQ(fail_info_of(ScepRefusal::challenge_refused), FailInfo::bad_request);
}

TEST(ScepDecisionTest, AKeyMustBeBigEnoughForItsKind) {
  EXPECT_TRUE(is_strong_enough(KeyKind::rsa, 2048, 2048));
  EXPECT_FALSE(is_strong_enough(KeyKind::rsa, 1024, 2048));
  EXPECT_TRUE(is_strong_enough(KeyKind::rsa, 1024, 1024));
  EXPECT_TRUE(is_strong_enough(KeyKind::elliptic_curve, 256, 2048));
  EXPECT_FALSE(is_strong_enough(KeyKind::elliptic_curve, 224, 2048));
}

}  // namespace
}  // namespace reveille::enrolment
