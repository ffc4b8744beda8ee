#include <gmock/gmock.h>

#include <boost/json/parse.hpp>

#include "tests/dispatcher/admin/router_fixture.h"

namespace reveille::admin {
namespace {

class CertificatesTest : public RouterTest {
 protected:
  static storage::Sha256 digest(char letter) { return storage::Sha256::from(Bytes(32, letter)); }
  static std::string name(char letter) { return to_hex(Bytes(32, letter)); }

  // Issued by us; a renewal when it has a predecessor.
  void issue(char letter, const std::string& serial, std::optional<char> renews = std::nullopt) {
    storage::IssuedCertificate issued;
    issued.sha256 = digest(letter);
    issued.serial_hex = serial;
    issued.issued_at = clock_.wall;
    issued.not_after = clock_.wall + std::chrono::days(365);
    if (renews) issued.renews = digest(*renews);
    run([&](storage::Transaction& t) { ASSERT_TRUE(t.record_certificate(issued)); });
  }
  void bind(char letter, const std::string& device) {
    run([&](storage::Transaction& transaction) {
      ASSERT_TRUE(transaction.bind_certificate(digest(letter), mdm::EnrolmentId(device)));
    });
  }
  boost::json::object get(const std::string& target) {
    return boost::json::parse(ask("GET", target).body).as_object();
  }
  std::vector<storage::Sha256> revoked_in_store() {
    return store_->begin()->revoked_certificates().value();
  }
};

TEST_F(CertificatesTest, TheyAreListedPageByPageAndByEnrolment) {
  issue('a', "0a");
  issue('b', "0b", 'a');
  issue('c', "0c");
  bind('a', "PHONE");

  const auto first = get("/v1/certificates?limit=2");
  ASSERT_EQ(first.at("certificates").as_array().size(), 2u);
  EXPECT_EQ(first.at("certificates").at(1).at("serial"), "0b");
  EXPECT_EQ(first.at("certificates").at(1).at("renews_sha256"), name('a').c_str());
  EXPECT_EQ(first.at("next"), name('b').c_str());
  const auto rest = get("/v1/certificates?limit=2&after=" + name('b'));
  EXPECT_EQ(rest.at("certificates").as_array().size(), 1u);
  EXPECT_FALSE(rest.contains("next"));
  const auto of_phone = get("/v1/certificates?enrolment=PHONE");
  EXPECT_EQ(of_phone.at("certificates").as_array().size(), 2u) << "with the renewal";
}

TEST_F(CertificatesTest, OneIsNamedBySerialAsPeopleWriteItOrBySha256) {
  issue('a', "0aff");
  for (const std::string& way :
       {std::string("0aff"), std::string("0AFF"), std::string("0A:ff"), name('a')}) {
    EXPECT_EQ(get("/v1/certificates/" + way).at("serial"), "0aff") << way;
  }
  EXPECT_EQ(ask("GET", "/v1/certificates/0b").status, 404);
  EXPECT_EQ(ask("GET", "/v1/certificates/not-hex").status, 400);
  EXPECT_EQ(ask("POST", "/v1/certificates/" + name('x') + "/revoke").status, 404);
  EXPECT_TRUE(revoked_.empty());
}

TEST_F(CertificatesTest, ASerialThatSeveralHaveRevokesNone) {
  issue('a', "0a");
  issue('b', "0a");
  EXPECT_EQ(ask("POST", "/v1/certificates/0a/revoke").status, 409);
  EXPECT_TRUE(revoked_in_store().empty());
}

TEST_F(CertificatesTest, RevokingOneIsDurableAndLeavesItsRenewalInForce) {
  issue('a', "0a");
  issue('b', "0b", 'a');

  const http::Response response = ask("POST", "/v1/certificates/0a/revoke");

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(revoked_, std::vector{digest('a')}) << "requests are told";
  EXPECT_EQ(revoked_in_store(), std::vector{digest('a')});
  EXPECT_TRUE(get("/v1/certificates/0a").at("revoked").as_bool());
  EXPECT_FALSE(get("/v1/certificates/0b").at("revoked").as_bool());
  EXPECT_EQ(ask("POST", "/v1/certificates/0a/revoke").status, 200) << "again is no error";
}

TEST_F(CertificatesTest, RevokingAnEnrolmentsTakesItsPinsItsTiesAndTheirRenewals) {
  enrol("PHONE");
  enrol("MAC");
  run([&](storage::Transaction& transaction) {
    // Pinned, though nothing else is known of it: from another server.
    ASSERT_TRUE(transaction.replace_certificate(mdm::EnrolmentId("PHONE"), digest('p'), {}));
  });
  issue('a', "0a");
  issue('b', "0b", 'a');
  issue('m', "0c");
  bind('a', "PHONE");
  bind('m', "MAC");

  EXPECT_EQ(ask("POST", "/v1/enrolments/PHONE/revoke-certificates").status, 200);

  EXPECT_THAT(revoked_in_store(), testing::IsSupersetOf({digest('a'), digest('b'), digest('p')}));
  EXPECT_THAT(revoked_in_store(), testing::Not(testing::Contains(digest('m'))));
  EXPECT_THAT(revoked_, testing::IsSupersetOf({digest('a'), digest('b'), digest('p')}));
}

TEST_F(CertificatesTest, AnEnrolmentThatIsUnknownOrHasNoneGets404) {
  enrol("PHONE");
  EXPECT_EQ(ask("POST", "/v1/enrolments/NOBODY/revoke-certificates").status, 404);
  EXPECT_EQ(ask("POST", "/v1/enrolments/PHONE/revoke-certificates").status, 404);
  EXPECT_TRUE(revoked_.empty());
}

}  // namespace
}  // namespace reveille::admin
