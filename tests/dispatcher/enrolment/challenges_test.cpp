#include "dispatcher/enrolment/challenges.h"

#include <set>

#include "tests/dispatcher/enrolment/enrolment_fixture.h"

namespace reveille::enrolment {
namespace {

class ChallengesTest : public EnrolmentTest {
 protected:
  Result<std::vector<Challenge>> create(std::size_t count) {
    return run(create_challenges(storage_, clock_, random_, count, std::chrono::hours(1)));
  }
  bool is_open(const Challenge& challenge) {
    return records()
        ->challenge_is_open(hash_of_challenge(challenge.text), clock_.wall_now())
        .value();
  }
};

TEST_F(ChallengesTest, EachIsStoredBeforeItIsHandedOut) {
  const auto created = create(100);  // more than there are partitions

  ASSERT_TRUE(created);
  ASSERT_EQ(created->size(), 100u);
  for (const Challenge& challenge : *created) EXPECT_TRUE(is_open(challenge));
}

TEST_F(ChallengesTest, EachIsAnotherAndFitsIntoALinkAsItIs) {
  const auto created = create(100);

  ASSERT_TRUE(created);
  std::set<std::string> texts;
  for (const Challenge& challenge : *created) {
    texts.insert(challenge.text);
    EXPECT_EQ(challenge.text.size(), 32u);
    EXPECT_EQ(challenge.text.find_first_of("+/=%"), std::string::npos) << challenge.text;
  }
  EXPECT_EQ(texts.size(), 100u);
}

TEST_F(ChallengesTest, TheyEndWithTheirLifetime) {
  const auto created = create(1);
  ASSERT_TRUE(created);
  EXPECT_EQ(created->front().expires_at, clock_.wall_now() + std::chrono::hours(1));

  clock_.turn(std::chrono::hours(1));

  EXPECT_FALSE(is_open(created->front()));
}

TEST_F(ChallengesTest, AStoreThatCannotCommitGivesNone) {
  store_.break_commits();

  const auto created = create(1);

  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, ErrorCode::unavailable);
}

TEST(EnrolmentUrlTest, TheChallengeIsItsLastSegment) {
  EXPECT_EQ(enrolment_url("https://mdm.example.com:8443", "abc"),
            "https://mdm.example.com:8443/enrol/abc");
  EXPECT_EQ(enrolment_url("https://mdm.example.com/", "abc"), "https://mdm.example.com/enrol/abc");
}

}  // namespace
}  // namespace reveille::enrolment
