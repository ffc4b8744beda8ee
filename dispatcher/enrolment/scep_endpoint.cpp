#include "dispatcher/enrolment/scep_endpoint.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "dispatcher/enrolment/challenges.h"
#include "dispatcher/enrolment/renewal.h"
#include "dispatcher/enrolment/text_response.h"
#include "dispatcher/runtime/run_in_storage.h"
#include "protocol/base/base64.h"

namespace reveille::enrolment {
namespace {

using pki::scep::FailInfo;
using pki::scep::RequestEnvelope;
using Work = std::move_only_function<Result<std::monostate>(storage::Transaction&)>;

constexpr std::size_t nonce_bytes = 16;
constexpr std::size_t serial_bytes = 16;
// Those who are sent away come back at different times.
constexpr unsigned retry_after_seconds_min = 30;
constexpr unsigned retry_after_seconds_spread = 64;

http::Response reply(const char* content_type, Bytes body) {
  http::Response response;
  response.headers.push_back({"content-type", content_type});
  response.body = std::move(body);
  return response;
}

// A GET carries Base64 in its query. Some clients leave '+' unescaped, which a query reads as a
// blank; Base64 has no blanks of its own.
std::optional<Bytes> message_of_query(std::string_view query) {
  std::optional<std::string> text = http::query_parameter(query, "message");
  if (!text || text->empty()) return std::nullopt;
  std::ranges::replace(*text, ' ', '+');
  return from_base64(*text);
}

RequestEnvelope envelope_of(const pki::scep::Request& request) {
  return {.transaction_id = request.transaction_id, .sender_nonce = request.sender_nonce};
}

storage::IssuedCertificate record_of(const pki::Certificate& certificate, storage::Time now,
                                     const std::optional<storage::Sha256>& renews) {
  storage::IssuedCertificate record;
  record.sha256 = storage::Sha256::from(certificate.sha256());
  record.serial_hex = certificate.serial_hex();
  record.issued_at = now;
  record.not_after = certificate.not_after();
  record.renews = renews;
  return record;
}

}  // namespace

ScepEndpoint::ScepEndpoint(const ScepOptions& options, StorageLanes& storage,
                           const CertificateAuthority& authority, const Clock& clock,
                           RandomSource& random, Log& log)
    : options_(options),
      storage_(storage),
      authority_(authority),
      clock_(clock),
      random_(random),
      log_(log),
      turns_(1, options.waiting_max) {}

ScepEndpoint::Reply ScepEndpoint::handle(const http::Request& request, const std::string& address,
                                         const HasLeft& has_left) {
  const bool is_get = request.method == "GET";
  if (!is_get && request.method != "POST") co_return method_not_allowed("GET, POST");
  const std::string operation = http::query_parameter(request.query(), "operation").value_or("");
  if (operation == "PKIOperation") {
    // A POST may repeat the message in its query: the body counts.
    std::optional<Bytes> message = request.body;
    if (is_get) message = message_of_query(request.query());
    if (!message) co_return text_response(400, "the query has no readable message");
    co_return co_await pki_operation(*message, address, has_left);
  }
  if (is_get && operation == "GetCACert") {
    co_return reply("application/x-x509-ca-cert", authority_.certificate().der());
  }
  if (is_get && operation == "GetCACaps") {
    co_return reply("text/plain", pki::scep::capabilities());
  }
  co_return text_response(400, "unknown SCEP operation");
}

ScepEndpoint::Reply ScepEndpoint::pki_operation(const Bytes& message, const std::string& address,
                                                const HasLeft& has_left) {
  const Result<void> turn = co_await turns_.wait(has_left);
  if (!turn && turn.error().code == ErrorCode::overloaded) co_return postpone(address);
  if (!turn) {
    statistics_.abandoned.add_one();
    log_.debug("SCEP request abandoned", {{"address", address}});
    co_return text_response(503, "try again later");
  }
  const auto parsed = pki::scep::parse_request(message, authority_.certificate(), authority_.key());
  if (!parsed) {
    const pki::scep::ParseFailure& failed = parsed.error();
    if (failed.envelope) {
      co_return refuse(*failed.envelope, ScepRefusal::malformed, failed.fail_info,
                       failed.error.detail, address);
    }
    statistics_.refused[static_cast<std::size_t>(ScepRefusal::malformed)].add_one();
    log_.warning("SCEP request refused", {{"reason", name_of(ScepRefusal::malformed)},
                                          {"detail", failed.error.detail},
                                          {"address", address}});
    co_return text_response(400, "not a SCEP message");
  }

  const pki::scep::Request& request = *parsed;
  const KeyKind kind = request.csr.is_rsa() ? KeyKind::rsa : KeyKind::elliptic_curve;
  if (!is_strong_enough(kind, request.csr.key_bits(), options_.rsa_bits_min)) {
    co_return refuse(envelope_of(request), ScepRefusal::key_too_weak,
                     fail_info_of(ScepRefusal::key_too_weak),
                     std::to_string(request.csr.key_bits()) + " bits", address);
  }
  const ScepChallenge challenge =
      request.csr.challenge_password() ? ScepChallenge::present : ScepChallenge::absent;
  const ScepDecision decision = decide_scep(request.type, signer_of(request), challenge);
  if (decision.refusal) {
    co_return refuse(envelope_of(request), *decision.refusal, fail_info_of(*decision.refusal), "",
                     address);
  }
  co_return co_await grant(request, decision.action, address);
}

ScepSigner ScepEndpoint::signer_of(const pki::scep::Request& request) const {
  const pki::Certificate& signer = request.signer;
  const pki::Time now = std::chrono::floor<std::chrono::seconds>(clock_.wall_now());
  if (is_revoked(signer)) return ScepSigner::identity_revoked;
  if (verify_identity(signer, authority_.anchors(), now)) {
    return signer.subject() == request.csr.subject() ? ScepSigner::identity
                                                     : ScepSigner::identity_renamed;
  }
  const bool is_outside_its_dates = now < signer.not_before() || now >= signer.not_after();
  if (is_outside_its_dates && verify_identity(signer, authority_.anchors(), signer.not_before())) {
    return ScepSigner::identity_expired;
  }
  return signer.is_self_signed() ? ScepSigner::self_signed : ScepSigner::stranger;
}

bool ScepEndpoint::is_revoked(const pki::Certificate& certificate) const {
  return options_.revocations != nullptr &&
         options_.revocations->contains(storage::Sha256::from(certificate.sha256()));
}

ScepEndpoint::Reply ScepEndpoint::grant(const pki::scep::Request& request,
                                        ScepDecision::Action action, const std::string& address) {
  const bool renews = action == ScepDecision::Action::renew;
  if (renews) {
    const storage::Sha256 signer = storage::Sha256::from(request.signer.sha256());
    const Result<bool> may = co_await may_renew(storage_, signer, clock_.wall_now());
    if (!may) co_return trouble(may.error());
    if (!*may) {
      co_return refuse(envelope_of(request), ScepRefusal::identity_superseded,
                       fail_info_of(ScepRefusal::identity_superseded),
                       "serial " + request.signer.serial_hex(), address);
    }
  }

  CertificateAuthority::Terms terms;
  terms.now = clock_.wall_now();
  terms.lifetime = options_.certificate_lifetime;
  terms.serial = random_.bytes(serial_bytes);
  Result<pki::Certificate> issued = authority_.issue(request.csr, terms);
  if (!issued && issued.error().code == ErrorCode::malformed) {
    co_return refuse(envelope_of(request), ScepRefusal::not_issued,
                     fail_info_of(ScepRefusal::not_issued), issued.error().detail, address);
  }
  if (!issued) co_return trouble(issued.error());

  bool is_new = true;
  if (!renews) {
    // Issued before the challenge is looked at, so that one commit spends it and keeps the answer.
    Result<pki::Certificate> kept = co_await spend_challenge(request, *issued);
    if (!kept && kept.error().code == ErrorCode::unauthorised) {
      co_return refuse(envelope_of(request), ScepRefusal::challenge_refused,
                       fail_info_of(ScepRefusal::challenge_refused), kept.error().detail, address);
    }
    if (!kept) co_return trouble(kept.error());
    is_new = *kept == *issued;
    issued = std::move(kept);
  }

  std::optional<storage::Sha256> predecessor;
  if (renews) predecessor = storage::Sha256::from(request.signer.sha256());
  const storage::IssuedCertificate certificate = record_of(*issued, terms.now, predecessor);
  const Result<void> recorded = co_await record(certificate);
  if (!recorded) co_return trouble(recorded.error());
  // Whoever revokes all certificates of an enrolment looks for them after the revocation counts:
  // it finds this one, unless it came too early, and then the revocation is seen here. A challenge
  // has one certificate: whoever revoked that wants another link to be used, not this one again.
  const pki::Certificate& proof = renews ? request.signer : *issued;
  if (is_revoked(proof)) {
    co_return refuse(envelope_of(request), ScepRefusal::identity_revoked,
                     fail_info_of(ScepRefusal::identity_revoked), "serial " + proof.serial_hex(),
                     address);
  }

  Result<Bytes> answer =
      pki::scep::make_success(request, *issued, authority_.anchors(), authority_.certificate(),
                              authority_.key(), random_.bytes(nonce_bytes));
  if (!answer) co_return trouble(answer.error());
  if (is_new) (renews ? statistics_.renewed : statistics_.issued).add_one();
  log_.info(is_new ? "certificate issued" : "certificate sent again",
            {{"serial", certificate.serial_hex}, {"renewal", renews}, {"address", address}});
  co_return reply("application/x-pki-message", *std::move(answer));
}

// The certificate that the challenge has been spent on: `issued`, or an earlier one.
boost::asio::awaitable<Result<pki::Certificate>> ScepEndpoint::spend_challenge(
    const pki::scep::Request& request, const pki::Certificate& issued) {
  const std::string challenge = request.csr.challenge_password().value_or("");
  const storage::Sha256 hash = hash_of_challenge(challenge);
  const storage::Sha256 public_key = storage::Sha256::from(request.csr.public_key_sha256());
  const storage::Time now = clock_.wall_now();
  std::move_only_function<Result<Bytes>(storage::Transaction&)> work =
      [hash, public_key, now, der = issued.der()](storage::Transaction& transaction) {
        return transaction.spend_challenge(hash, public_key, der, now);
      };
  const Result<Bytes> kept =
      co_await run_in_storage<Bytes>(storage_, storage::partition_of(hash), std::move(work));
  if (!kept) co_return std::unexpected(kept.error());
  if (*kept == issued.der()) co_return issued;
  co_return pki::Certificate::from_der(*kept);
}

boost::asio::awaitable<Result<void>> ScepEndpoint::record(
    const storage::IssuedCertificate& certificate) {
  Work work = [certificate](storage::Transaction& transaction) -> Result<std::monostate> {
    const Result<void> recorded = transaction.record_certificate(certificate);
    if (!recorded) return std::unexpected(recorded.error());
    return std::monostate{};
  };
  const Result<std::monostate> recorded = co_await run_in_storage<std::monostate>(
      storage_, storage::partition_of(certificate.sha256), std::move(work));
  if (!recorded) co_return std::unexpected(recorded.error());
  co_return Result<void>();
}

http::Response ScepEndpoint::refuse(const RequestEnvelope& envelope, ScepRefusal refusal,
                                    FailInfo fail_info, const std::string& detail,
                                    const std::string& address) {
  statistics_.refused[static_cast<std::size_t>(refusal)].add_one();
  log_.warning("SCEP request refused",
               {{"reason", name_of(refusal)}, {"detail", detail}, {"address", address}});
  Result<Bytes> answer = pki::scep::make_failure(envelope, fail_info, authority_.certificate(),
                                                 authority_.key(), random_.bytes(nonce_bytes));
  if (!answer) return trouble(answer.error());
  return reply("application/x-pki-message", *std::move(answer));
}

http::Response ScepEndpoint::postpone(const std::string& address) {
  statistics_.postponed.add_one();
  log_.info("SCEP request postponed", {{"reason", "too many wait"}, {"address", address}});
  const auto dice = static_cast<unsigned char>(random_.bytes(1).front());
  http::Response response = text_response(503, "try again later");
  response.headers.push_back(
      {"retry-after", std::to_string(retry_after_seconds_min + dice % retry_after_seconds_spread)});
  return response;
}

http::Response ScepEndpoint::trouble(const Error& error) {
  log_.error("SCEP request not answered",
             {{"error", name_of(error.code)}, {"detail", error.detail}});
  return text_response(503, "try again later");
}

}  // namespace reveille::enrolment
