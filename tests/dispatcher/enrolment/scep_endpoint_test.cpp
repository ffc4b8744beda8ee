#include "dispatcher/enrolment/scep_endpoint.h"

#include <gmock/gmock.h>

#include <array>
#include <functional>

#include "dispatcher/enrolment/challenges.h"
#include "protocol/base/base64.h"
#include "tests/dispatcher/enrolment/enrolment_fixture.h"

namespace reveille::enrolment {
namespace {

using pki::scep::Answer;
using pki::scep::FailInfo;
using pki::scep::MessageType;
using testing::HasSubstr;

// Everything but the letters, digits and marks that a query holds as they are.
std::string percent_encoded(const std::string& text) {
  std::string encoded;
  for (const char character : text) {
    const bool is_plain = (character >= 'a' && character <= 'z') ||
                          (character >= 'A' && character <= 'Z') ||
                          (character >= '0' && character <= '9');
    encoded += is_plain ? std::string(1, character) : "%" + to_hex({&character, 1});
  }
  return encoded;
}

class ScepEndpointTest : public EnrolmentTest {
 protected:
  struct Client {
    pki::PrivateKey key;
    std::string common_name = "device 1";
  };

  std::string new_challenge() {
    return run(create_challenges(storage_, clock_, random_, 1, std::chrono::hours(1)))
        .value()
        .front()
        .text;
  }

  pki::Certificate self_signed(const Client& client) {
    pki::CertificateTemplate contents;
    contents.common_name = client.common_name;
    contents.serial = random_.bytes(16);
    contents.not_before = std::chrono::floor<std::chrono::seconds>(clock_.wall_now());
    contents.not_after = contents.not_before + std::chrono::days(1);
    return pki::issue_self_signed(contents, client.key).value();
  }

  pki::scep::ClientRequest first_request(const Client& client,
                                         const std::optional<std::string>& challenge) {
    return {
        .type = MessageType::pkcs_req,
        .csr =
            pki::CertificateRequest::create(client.common_name, "", challenge, client.key).value(),
        .signer = self_signed(client),
        .signer_key = client.key,
        .transaction_id = "transaction 1",
        .sender_nonce = random_.bytes(16)};
  }

  // `old` asks for a certificate of `fresh`'s key.
  pki::scep::ClientRequest renewal(const pki::Certificate& identity, const Client& old,
                                   const Client& fresh) {
    pki::scep::ClientRequest request = first_request(fresh, std::nullopt);
    request.type = MessageType::renewal_req;
    request.signer = identity;
    request.signer_key = old.key;
    return request;
  }

  http::Response send(const std::string& method, const std::string& query, Bytes body = {}) {
    http::Request request;
    request.method = method;
    request.target = "/scep?" + query;
    request.body = std::move(body);
    return run(endpoint_.handle(request, "192.0.2.1:4711", stays_));
  }

  // Both messages are there before either is worked on.
  std::vector<http::Response> send_together(ScepEndpoint& endpoint, const Bytes& first,
                                            const Bytes& second, const HasLeft& second_has_left) {
    const std::string address = "192.0.2.1:4711";
    std::vector<http::Response> responses(2);
    std::vector<http::Request> requests(2);
    for (http::Request& request : requests) {
      request.method = "POST";
      request.target = "/scep?operation=PKIOperation";
    }
    requests[0].body = first;
    requests[1].body = second;
    for (std::size_t i = 0; i < 2; ++i) {
      boost::asio::co_spawn(
          lane_, endpoint.handle(requests[i], address, i == 0 ? stays_ : second_has_left),
          [&responses, i](std::exception_ptr failed, http::Response response) {
            if (failed) std::rethrow_exception(failed);
            responses[i] = std::move(response);
          });
    }
    lane_.restart();
    lane_.run();
    return responses;
  }

  Bytes message_of(const pki::scep::ClientRequest& request) {
    return pki::scep::make_request(request, authority_.certificate()).value();
  }

  Answer read(const http::Response& response, const pki::scep::ClientRequest& request,
              const pki::PrivateKey& key) {
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.header("content-type"), "application/x-pki-message");
    auto answer = pki::scep::parse_answer(response.body, request, authority_.certificate(), key);
    EXPECT_TRUE(answer) << answer.error().detail;
    return answer.value();
  }

  // `key`: the one that a certificate is asked for.
  Answer ask(const pki::scep::ClientRequest& request, const pki::PrivateKey& key) {
    return read(send("POST", "operation=PKIOperation", message_of(request)), request, key);
  }
  Answer ask(const pki::scep::ClientRequest& request) { return ask(request, request.signer_key); }

  pki::Certificate enrol(const Client& client) {
    return ask(first_request(client, new_challenge())).issued.value();
  }

  std::uint64_t refused(ScepRefusal refusal) const {
    return endpoint_.statistics().refused[static_cast<std::size_t>(refusal)].value();
  }
  std::optional<storage::IssuedCertificate> record_of(const pki::Certificate& certificate) {
    return records()->find_certificate(storage::Sha256::from(certificate.sha256())).value();
  }

  Client device_{.key = device_rsa_key()};
  const HasLeft stays_ = [] { return false; };
  Revocations revocations_;
  ScepEndpoint endpoint_{
      ScepOptions{.revocations = &revocations_}, storage_, authority_, clock_, random_, log_};
};

TEST_F(ScepEndpointTest, GetCACertGivesTheAuthoritysCertificate) {
  const http::Response response = send("GET", "operation=GetCACert&message=reveille");

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("content-type"), "application/x-x509-ca-cert");
  EXPECT_EQ(response.body, authority_.certificate().der());
}

TEST_F(ScepEndpointTest, GetCACapsSaysThatPostAndRenewalAreUnderstood) {
  const http::Response response = send("GET", "operation=GetCACaps");

  EXPECT_EQ(response.status, 200);
  for (const char* capability : {"POSTPKIOperation\n", "Renewal\n", "SHA-256\n", "AES\n"}) {
    EXPECT_THAT(response.body, HasSubstr(capability));
  }
}

TEST_F(ScepEndpointTest, AFirstRequestWithAnOpenChallengeGetsAnIdentity) {
  const Answer answer = ask(first_request(device_, new_challenge()));

  ASSERT_EQ(answer.status, Answer::Status::success);
  EXPECT_TRUE(answer.issued->belongs_to(device_.key));
  EXPECT_TRUE(
      pki::verify_client_certificate(*answer.issued, {}, authority_.anchors(),
                                     std::chrono::floor<std::chrono::seconds>(clock_.wall_now())));
  const auto record = record_of(*answer.issued);
  ASSERT_TRUE(record) << "recorded before it left";
  EXPECT_FALSE(record->renews);
  EXPECT_EQ(endpoint_.statistics().issued.value(), 1u);
}

// As Macs do.
TEST_F(ScepEndpointTest, AFirstRequestMayBeSignedWithAKeyMadeForTheOccasion) {
  const Client occasion{.key = new_key()};
  pki::scep::ClientRequest request = first_request(device_, new_challenge());
  request.signer = self_signed(occasion);
  request.signer_key = occasion.key;

  const Answer answer = ask(request, device_.key);

  ASSERT_EQ(answer.status, Answer::Status::success);
  EXPECT_TRUE(answer.issued->belongs_to(device_.key));
}

TEST_F(ScepEndpointTest, AMessageInTheQueryOfAGetIsBase64WhetherPlusIsEscapedOrNot) {
  const auto request = first_request(device_, new_challenge());
  const std::string text = to_base64(message_of(request));
  ASSERT_NE(text.find('+'), std::string::npos);

  const auto escaped = send("GET", "operation=PKIOperation&message=" + percent_encoded(text));
  const auto plain = send("GET", "operation=PKIOperation&message=" + text);

  EXPECT_EQ(read(escaped, request, device_.key).status, Answer::Status::success);
  EXPECT_EQ(read(plain, request, device_.key).status, Answer::Status::success);
}

// As a simulator in the field does: the body counts.
TEST_F(ScepEndpointTest, APostMayRepeatItsMessageInTheQuery) {
  const auto request = first_request(device_, new_challenge());
  const Bytes message = message_of(request);
  const std::string query = "operation=PKIOperation&message=" + percent_encoded(to_base64(message));

  const Answer answer = read(send("POST", query, message), request, device_.key);

  EXPECT_EQ(answer.status, Answer::Status::success);
}

TEST_F(ScepEndpointTest, WithoutAChallengeNothingIsIssued) {
  const Answer answer = ask(first_request(device_, std::nullopt));

  EXPECT_EQ(answer.status, Answer::Status::failure);
  EXPECT_EQ(answer.fail_info, FailInfo::bad_request);
  EXPECT_EQ(refused(ScepRefusal::no_challenge), 1u);
}

TEST_F(ScepEndpointTest, AnUnknownOrExpiredChallengeIsRefused) {
  EXPECT_EQ(ask(first_request(device_, "unknown")).status, Answer::Status::failure);
  const std::string challenge = new_challenge();
  clock_.turn(std::chrono::hours(1));

  EXPECT_EQ(ask(first_request(device_, challenge)).status, Answer::Status::failure);

  EXPECT_EQ(refused(ScepRefusal::challenge_refused), 2u);
  EXPECT_EQ(endpoint_.statistics().issued.value(), 0u);
}

TEST_F(ScepEndpointTest, AChallengeIsGoodForOneCertificateWhoseKeyMayAskAgain) {
  const std::string challenge = new_challenge();
  const Client stranger{.key = new_key()};
  const Answer first = ask(first_request(device_, challenge));
  ASSERT_EQ(first.status, Answer::Status::success);
  const storage::Time issued_at = clock_.wall_now();
  clock_.turn(std::chrono::minutes(10));

  // The answer was lost: the same key asks again, and gets what it should have got.
  const Answer again = ask(first_request(device_, challenge));
  ASSERT_EQ(again.status, Answer::Status::success);
  EXPECT_EQ(*again.issued, *first.issued);
  EXPECT_EQ(record_of(*again.issued)->issued_at, issued_at);
  EXPECT_EQ(ask(first_request(stranger, challenge)).status, Answer::Status::failure);

  EXPECT_EQ(refused(ScepRefusal::challenge_refused), 1u);
  EXPECT_EQ(endpoint_.statistics().issued.value(), 1u);
}

TEST_F(ScepEndpointTest, AChallengesCertificateIsTheSameWhateverSubjectIsAskedForAgain) {
  const std::string challenge = new_challenge();
  const Answer first = ask(first_request(device_, challenge));
  const Client renamed{.key = device_.key, .common_name = "another name"};
  EXPECT_EQ(*ask(first_request(renamed, challenge)).issued, *first.issued);
}

TEST_F(ScepEndpointTest, AChallengesCertificateIsNotSentAgainOnceItIsRevoked) {
  const std::string challenge = new_challenge();
  const Answer first = ask(first_request(device_, challenge));
  ASSERT_EQ(first.status, Answer::Status::success);
  revocations_.add(std::array{storage::Sha256::from(first.issued->sha256())});

  const Answer again = ask(first_request(device_, challenge));
  EXPECT_EQ(again.status, Answer::Status::failure);
  EXPECT_EQ(again.fail_info, FailInfo::bad_cert_id);
  EXPECT_EQ(refused(ScepRefusal::identity_revoked), 1u);
  // Whoever is to come back gets another link.
  EXPECT_EQ(ask(first_request(device_, new_challenge())).status, Answer::Status::success);
}

TEST_F(ScepEndpointTest, AKeyOf1024BitsIsRefusedUnlessSetOtherwise) {
  const Client weak{.key = pki::PrivateKey::generate_rsa(1024).value()};
  const std::string challenge = new_challenge();

  const Answer answer = ask(first_request(weak, challenge));

  EXPECT_EQ(answer.fail_info, FailInfo::bad_alg);
  ScepEndpoint lenient({.rsa_bits_min = 1024}, storage_, authority_, clock_, random_, log_);
  const auto request = first_request(weak, challenge);
  http::Request post;
  post.method = "POST";
  post.target = "/scep?operation=PKIOperation";
  post.body = message_of(request);
  const auto response = run(lenient.handle(post, "192.0.2.1:4711", stays_));
  EXPECT_EQ(read(response, request, weak.key).status, Answer::Status::success)
      << "and the refusal spent nothing";
}

TEST_F(ScepEndpointTest, ARenewalIsSignedByTheIdentityAndRecordedAsItsSuccessor) {
  const pki::Certificate identity = enrol(device_);
  const Client fresh{.key = new_key()};

  const Answer answer = ask(renewal(identity, device_, fresh), fresh.key);

  ASSERT_EQ(answer.status, Answer::Status::success);
  EXPECT_TRUE(answer.issued->belongs_to(fresh.key));
  const auto record = record_of(*answer.issued);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->renews, storage::Sha256::from(identity.sha256()));
  EXPECT_EQ(endpoint_.statistics().renewed.value(), 1u);
}

// ---- identities whose time is over ----

class RenewalTest : public ScepEndpointTest {
 protected:
  void change(const std::function<void(storage::Transaction&)>& work) {
    const auto transaction = records();
    work(*transaction);
    ASSERT_TRUE(transaction->commit());
  }
  // The device began an enrolment with this certificate.
  void begin_with(const pki::Certificate& identity) {
    const auto certificate = storage::Sha256::from(identity.sha256());
    mdm::Authenticate message;
    message.identity.device = message.identity.enrolment = phone_;
    change([&](storage::Transaction& transaction) {
      ASSERT_TRUE(transaction.bind_certificate(certificate, phone_));
      ASSERT_TRUE(transaction.authenticate(message, certificate, clock_.wall_now()));
    });
  }
  pki::Certificate renewed(const pki::Certificate& identity, const Client& old,
                           const Client& fresh) {
    return ask(renewal(identity, old, fresh), fresh.key).issued.value();
  }
  void expect_superseded(const pki::Certificate& identity, const Client& of) {
    const Answer answer = ask(renewal(identity, of, {.key = new_key()}));
    EXPECT_EQ(answer.status, Answer::Status::failure);
    EXPECT_EQ(answer.fail_info, FailInfo::bad_cert_id);
  }

  const mdm::EnrolmentId phone_{"PHONE"};
  const Client fresh_{.key = new_key()};
};

TEST_F(RenewalTest, TheIdentityOfAnEnrolmentThatEndedRenewsNothing) {
  const pki::Certificate identity = enrol(device_);
  begin_with(identity);
  change([&](storage::Transaction& transaction) {
    ASSERT_TRUE(
        transaction.end_enrolment(phone_, storage::EndReason::checked_out, clock_.wall_now()));
  });
  for (int i = 0; i < 3; ++i) expect_superseded(identity, device_);
  EXPECT_EQ(refused(ScepRefusal::identity_superseded), 3u);
  EXPECT_EQ(endpoint_.statistics().renewed.value(), 0u) << "no record is left behind";
}

TEST_F(RenewalTest, TheIdentityOfADeviceThatApnsGaveUpStillRenews) {
  const pki::Certificate identity = enrol(device_);
  begin_with(identity);
  change([&](storage::Transaction& transaction) {
    ASSERT_TRUE(
        transaction.end_enrolment(phone_, storage::EndReason::unreachable, clock_.wall_now()));
  });
  EXPECT_TRUE(renewed(identity, device_, fresh_).belongs_to(fresh_.key));
}

TEST_F(RenewalTest, ARevokedIdentityRenewsNothingNotEvenWithAChallenge) {
  const pki::Certificate identity = enrol(device_);
  begin_with(identity);
  revocations_.add(std::array{storage::Sha256::from(identity.sha256())});

  for (const MessageType type : {MessageType::renewal_req, MessageType::pkcs_req}) {
    pki::scep::ClientRequest request = renewal(identity, device_, fresh_);
    request.type = type;
    request.csr =
        pki::CertificateRequest::create(device_.common_name, "", new_challenge(), fresh_.key)
            .value();
    const Answer answer = ask(request, fresh_.key);
    EXPECT_EQ(answer.status, Answer::Status::failure);
    EXPECT_EQ(answer.fail_info, FailInfo::bad_cert_id);
  }
  EXPECT_EQ(refused(ScepRefusal::identity_revoked), 2u);
  EXPECT_EQ(endpoint_.statistics().renewed.value(), 0u) << "no record is left behind";
}

TEST_F(RenewalTest, ASupersededIdentityRenewsDuringTheOverlapAndNotAfterIt) {
  const pki::Certificate identity = enrol(device_);
  begin_with(identity);
  const pki::Certificate later = renewed(identity, device_, fresh_);
  change([&](storage::Transaction& transaction) {
    ASSERT_TRUE(transaction.replace_certificate(phone_, storage::Sha256::from(later.sha256()),
                                                clock_.wall_now() + std::chrono::days(14)));
  });
  const Client retry{.key = new_key()};
  EXPECT_TRUE(renewed(identity, device_, retry).belongs_to(retry.key));
  clock_.turn(std::chrono::days(14));
  expect_superseded(identity, device_);
  EXPECT_TRUE(renewed(later, fresh_, {.key = device_rsa_key()}).belongs_to(device_rsa_key()));
}

TEST_F(RenewalTest, AnIdentityThatNobodyHasSeenYetRenews) {
  const pki::Certificate identity = enrol(device_);
  const pki::Certificate second = renewed(identity, device_, fresh_);
  begin_with(identity);
  const Client third{.key = new_key()};
  EXPECT_TRUE(renewed(second, fresh_, third).belongs_to(third.key)) << "its answer may be lost";
}

TEST_F(RenewalTest, AnIdentityOfAnEarlierLifeRenewsNothing) {
  const pki::Certificate identity = enrol(device_);
  begin_with(identity);
  const Client again{.key = new_key()};
  begin_with(enrol(again));
  expect_superseded(identity, device_);
}

TEST_F(ScepEndpointTest, AnIdentityOutsideItsDatesRenewsNothing) {
  const pki::Certificate identity = enrol(device_);
  clock_.turn(std::chrono::days(366));

  const Answer answer = ask(renewal(identity, device_, {.key = new_key()}));

  EXPECT_EQ(answer.status, Answer::Status::failure);
  EXPECT_EQ(answer.fail_info, FailInfo::bad_time);
  EXPECT_EQ(refused(ScepRefusal::identity_expired), 1u);
}

TEST_F(ScepEndpointTest, AnIdentityOfAnotherAuthorityRenewsNothing) {
  const auto elsewhere = make_authority(clock_, "another authority");
  CertificateAuthority::Terms terms;
  terms.now = clock_.wall_now();
  terms.lifetime = std::chrono::days(365);
  terms.serial = random_.bytes(16);
  const Client fresh{.key = new_key()};
  const auto foreign =
      elsewhere
          .issue(pki::CertificateRequest::create("device 1", "", std::nullopt, device_.key).value(),
                 terms)
          .value();

  const Answer answer = ask(renewal(foreign, device_, fresh));

  EXPECT_EQ(answer.status, Answer::Status::failure);
  EXPECT_EQ(answer.fail_info, FailInfo::bad_cert_id);
  EXPECT_EQ(refused(ScepRefusal::signer_unknown), 1u);
}

TEST_F(ScepEndpointTest, TheAuthorityIsNoDeviceThatCouldRenew) {
  const Client authority{.key = authority_key()};

  const Answer answer = ask(renewal(authority_.certificate(), authority, device_), device_.key);

  EXPECT_EQ(answer.status, Answer::Status::failure);
  EXPECT_EQ(refused(ScepRefusal::signer_unknown), 1u);
}

TEST_F(ScepEndpointTest, ARenewalReqThatIsSelfSignedIsRefusedEvenWithAChallenge) {
  auto request = first_request(device_, new_challenge());
  request.type = MessageType::renewal_req;

  const Answer answer = ask(request);

  EXPECT_EQ(answer.status, Answer::Status::failure);
  EXPECT_EQ(refused(ScepRefusal::signer_unknown), 1u);
}

TEST_F(ScepEndpointTest, BytesThatAreNoScepMessageGet400) {
  EXPECT_EQ(send("POST", "operation=PKIOperation", "nonsense").status, 400);
  EXPECT_EQ(send("POST", "operation=PKIOperation").status, 400);
  EXPECT_EQ(send("GET", "operation=PKIOperation").status, 400);
  EXPECT_EQ(send("GET", "operation=PKIOperation&message=%zz").status, 400);
  EXPECT_EQ(send("GET", "operation=PKIOperation&message=***").status, 400);
  EXPECT_EQ(send("GET", "operation=Nonsense").status, 400);
  EXPECT_EQ(send("GET", "").status, 400);
  EXPECT_EQ(send("POST", "operation=GetCACert").status, 400);
  EXPECT_EQ(send("PUT", "operation=PKIOperation").status, 405);
}

TEST_F(ScepEndpointTest, ATamperedMessageIsRefusedAndSpendsNothing) {
  const std::string challenge = new_challenge();
  const auto request = first_request(device_, challenge);
  Bytes message = message_of(request);
  message[message.size() - 10] = static_cast<char>(message[message.size() - 10] ^ 1);

  send("POST", "operation=PKIOperation", message);

  EXPECT_EQ(refused(ScepRefusal::malformed), 1u);
  EXPECT_TRUE(
      records()->challenge_is_open(hash_of_challenge(challenge), clock_.wall_now()).value());
}

TEST_F(ScepEndpointTest, WhoeverComesWhenTooManyWaitIsSentAwayForAWhileAndServedLater) {
  ScepEndpoint endpoint{ScepOptions{.waiting_max = 0}, storage_, authority_, clock_, random_, log_};
  const auto request = first_request(device_, new_challenge());
  const auto other = first_request(Client{.key = new_key()}, new_challenge());
  const Bytes message = message_of(request);

  const auto responses = send_together(endpoint, message_of(other), message, stays_);

  EXPECT_EQ(responses[0].status, 200);
  EXPECT_EQ(responses[1].status, 503);
  const int seconds = std::stoi(std::string(responses[1].header("retry-after").value()));
  EXPECT_GE(seconds, 30);
  EXPECT_LE(seconds, 93);
  EXPECT_EQ(endpoint.statistics().postponed.value(), 1u);
  const auto later = send("POST", "operation=PKIOperation", message);
  EXPECT_EQ(read(later, request, device_.key).status, Answer::Status::success);
}

TEST_F(ScepEndpointTest, TheChallengeOfASenderWhoHasLeftStaysOpen) {
  const std::string challenge = new_challenge();
  const auto request = first_request(device_, challenge);
  const auto other = first_request(Client{.key = new_key()}, new_challenge());

  const HasLeft has_left = [] { return true; };
  const auto responses = send_together(endpoint_, message_of(other), message_of(request), has_left);

  EXPECT_EQ(responses[0].status, 200);
  EXPECT_EQ(endpoint_.statistics().abandoned.value(), 1u);
  EXPECT_EQ(endpoint_.statistics().issued.value(), 1u);
  EXPECT_TRUE(
      records()->challenge_is_open(hash_of_challenge(challenge), clock_.wall_now()).value());
}

TEST_F(ScepEndpointTest, AStoreThatFailsGives503AndTheSameRequestSucceedsLater) {
  const auto request = first_request(device_, new_challenge());
  const Bytes message = message_of(request);
  store_.break_commits();
  EXPECT_EQ(send("POST", "operation=PKIOperation", message).status, 503);
  EXPECT_EQ(endpoint_.statistics().issued.value(), 0u);

  store_.mend();

  const auto response = send("POST", "operation=PKIOperation", message);
  EXPECT_EQ(read(response, request, device_.key).status, Answer::Status::success);
}

}  // namespace
}  // namespace reveille::enrolment
