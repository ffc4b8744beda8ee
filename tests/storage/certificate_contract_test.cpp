#include "tests/storage/store_contract.h"

// Promise 4: an identity certificate belongs to one enrolment for ever.
namespace reveille::storage::testing {
namespace {

class CertificateContractTest : public StoreContractTest {
 protected:
  Result<void> bind(char certificate, const mdm::EnrolmentId& device) {
    return commit([&](Transaction& t) { return t.bind_certificate(digest(certificate), device); });
  }
  void issue(char certificate, std::optional<char> renews = std::nullopt) {
    IssuedCertificate issued;
    issued.sha256 = digest(certificate);
    issued.serial_hex = "01ab";
    issued.issued_at = now;
    issued.not_after = now + 24h;
    if (renews) issued.renews = digest(*renews);
    ASSERT_TRUE(commit([&](Transaction& t) { return t.record_certificate(issued); }));
  }
  Sha256 first_of_line(char certificate) {
    return store().begin()->first_of_line(digest(certificate)).value();
  }
  std::string bound(char certificate) {
    const auto device = store().begin()->bound_device(digest(certificate)).value();
    return device ? device->text() : nothing;
  }
};
REVEILLE_ON_EVERY_ENGINE(CertificateContractTest);

TEST_P(CertificateContractTest, ACertificateIsTiedToOneDevice) {
  issue('a');
  EXPECT_EQ(bound('a'), nothing);
  EXPECT_TRUE(bind('a', phone));
  EXPECT_TRUE(bind('a', phone));
  EXPECT_EQ(bind('a', mac).error().code, ErrorCode::conflict);
  EXPECT_EQ(bound('a'), "PHONE-1");
}

TEST_P(CertificateContractTest, ACertificateThatWasIssuedElsewhereCanBeTied) {
  EXPECT_EQ(bound('x'), nothing);
  EXPECT_TRUE(bind('x', phone));
  EXPECT_EQ(bound('x'), "PHONE-1");
}

TEST_P(CertificateContractTest, ARenewalIsTiedToWhatItsPredecessorsAreTiedTo) {
  issue('a');
  issue('b', 'a');
  issue('c', 'b');
  EXPECT_EQ(bound('c'), nothing);
  EXPECT_TRUE(bind('a', phone));
  EXPECT_EQ(bound('c'), "PHONE-1");
  EXPECT_EQ(bind('c', mac).error().code, ErrorCode::conflict);
  EXPECT_TRUE(bind('c', phone));
}

TEST_P(CertificateContractTest, TheFirstOfALineRenewsNothing) {
  issue('a');
  issue('b', 'a');
  issue('c', 'b');
  issue('e', 'x');
  for (const char of_line : {'a', 'b', 'c'}) EXPECT_EQ(first_of_line(of_line), digest('a'));
  EXPECT_EQ(first_of_line('e'), digest('x')) << "issued elsewhere";
  EXPECT_EQ(first_of_line('y'), digest('y')) << "never heard of";
}

TEST_P(CertificateContractTest, ARecordStaysAsItWasMade) {
  issue('a');
  issue('b', 'a');
  const Time issued_at = now;
  pass(1h);
  issue('b');
  const auto record = store().begin()->find_certificate(digest('b')).value();
  EXPECT_EQ(record->issued_at, issued_at);
  EXPECT_EQ(record->renews, digest('a'));
}

TEST_P(CertificateContractTest, RecordingATiedCertificateDoesNotUntieIt) {
  EXPECT_TRUE(bind('a', phone));
  issue('a');
  EXPECT_EQ(bound('a'), "PHONE-1");
}

TEST_P(CertificateContractTest, WhatWasIssuedCanBeReadBackTiedOrNot) {
  issue('a');
  issue('b', 'a');
  EXPECT_TRUE(bind('x', phone));
  const auto find = [&](char certificate) {
    return store().begin()->find_certificate(digest(certificate)).value();
  };
  ASSERT_TRUE(find('b'));
  EXPECT_EQ(find('b')->renews, digest('a'));
  EXPECT_EQ(find('b')->issued_at, now);
  EXPECT_EQ(find('b')->serial_hex, "01ab");
  EXPECT_FALSE(find('x')) << "bound, but issued elsewhere";
  EXPECT_FALSE(find('y')) << "never heard of";
}

TEST_P(CertificateContractTest, CertificatesAreListedPageByPageWithWhatTheyAreTiedTo) {
  issue('a');
  issue('b', 'a');
  EXPECT_TRUE(bind('a', phone));
  EXPECT_TRUE(bind('x', mac));
  issue('c');

  const auto page = [&](const Sha256& after, std::size_t count_max) {
    return store().begin()->list_certificates(after, count_max).value();
  };
  const auto first = page(Sha256{}, 2);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].device, phone);
  EXPECT_EQ(first[1].sha256, digest('b'));
  EXPECT_EQ(first[1].device, phone) << "as the one that it renews";
  EXPECT_EQ(first[1].issued->renews, digest('a'));
  const auto second = page(first[1].sha256, 10);
  ASSERT_EQ(second.size(), 2u);
  EXPECT_EQ(second[0].sha256, digest('c'));
  EXPECT_FALSE(second[0].device);
  EXPECT_EQ(second[1].device, mac);
  EXPECT_FALSE(second[1].issued) << "from elsewhere";
  EXPECT_TRUE(page(second[1].sha256, 10).empty());
}

TEST_P(CertificateContractTest, WhatIsRevokedStaysRevokedTiedOrNot) {
  issue('a');
  const auto revoke = [&](char certificate) {
    return commit([&](Transaction& t) { return t.revoke_certificate(digest(certificate), now); });
  };
  EXPECT_TRUE(revoke('b'));
  EXPECT_TRUE(revoke('a'));
  EXPECT_TRUE(revoke('a')) << "again is no error";
  EXPECT_TRUE(bind('a', phone));

  EXPECT_EQ(store().begin()->revoked_certificates().value(),
            (std::vector<Sha256>{digest('a'), digest('b')}));
}

TEST_P(CertificateContractTest, ALoopOfRenewalsIsCorruptAndEnds) {
  issue('a', 'b');
  issue('b', 'a');
  EXPECT_EQ(store().begin()->bound_device(digest('a')).error().code, ErrorCode::corrupt);
  EXPECT_EQ(store().begin()->first_of_line(digest('a')).error().code, ErrorCode::corrupt);
}

TEST_P(CertificateContractTest, TheLastPushCertificateOfATopicWins) {
  const auto put = [&](const std::string& of_topic, const std::string& pem) {
    const PushCertificateRecord record{
        .topic = of_topic, .certificate_pem = pem, .not_after = now + 24h, .stored_at = now};
    ASSERT_TRUE(commit([&](Transaction& t) { return t.put_push_certificate(record); }));
  };
  put("topic-b", "one");
  put("topic-a", "two");
  put("topic-b", "three");

  const auto stored = store().begin()->push_certificates().value();
  ASSERT_EQ(stored.size(), 2u);
  EXPECT_EQ(stored[0].topic, "topic-a");
  EXPECT_EQ(stored[1].certificate_pem, "three");
  EXPECT_EQ(stored[1].not_after, now + 24h);
}

}  // namespace
}  // namespace reveille::storage::testing
