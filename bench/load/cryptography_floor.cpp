#include "bench/load/cryptography_floor.h"

#include <functional>
#include <utility>

#include "bench/load/cpu_clock.h"
#include "bench/load/tls_handshake_cost.h"
#include "dispatcher/enrolment/certificate_authority.h"
#include "dispatcher/enrolment/profile_signer.h"
#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/random_source.h"
#include "protocol/pki/cms.h"
#include "protocol/pki/scep.h"
#include "tools/reveille/tls_files.h"

namespace reveille::bench {
namespace {

using simulators::device::KeyKind;

constexpr int times = 50;
constexpr std::size_t profile_bytes = 6'000;  // as our own enrolment profile has

// Microseconds of CPU of one call. Errors: those of the call.
Result<double> cost_of(const std::function<Result<void>()>& call) {
  Result<void> warm = call();
  if (!warm) return std::unexpected(std::move(warm.error()));
  const double start = thread_cpu_seconds();
  for (int i = 0; i < times; ++i) {
    Result<void> done = call();
    if (!done) return std::unexpected(std::move(done.error()));
  }
  return (thread_cpu_seconds() - start) * 1e6 / times;
}

template <typename Value>
Result<void> outcome_of(const Result<Value>& result) {
  if (!result) return std::unexpected(result.error());
  return {};
}

// A device about to ask for its identity.
struct Applicant {
  pki::PrivateKey key;
  pki::scep::ClientRequest request;
};

Result<Applicant> make_applicant(KeyKind keys, RandomSource& random) {
  Result<pki::PrivateKey> key = keys == KeyKind::rsa ? pki::PrivateKey::generate_rsa(2'048)
                                                     : pki::PrivateKey::generate_p256();
  if (!key) return std::unexpected(std::move(key.error()));
  Result<pki::CertificateRequest> csr =
      pki::CertificateRequest::create("BE7C", "reveille", "challenge", *key);
  if (!csr) return std::unexpected(std::move(csr.error()));
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  Result<pki::Certificate> signer =
      pki::issue_self_signed({.common_name = "BE7C",
                              .organisation = "reveille",
                              .user_id = std::nullopt,
                              .dns_names = {},
                              .serial = random.bytes(16),
                              .not_before = now - std::chrono::hours(1),
                              .not_after = now + std::chrono::hours(24),
                              .purpose = pki::CertificateTemplate::Purpose::tls_client},
                             *key);
  if (!signer) return std::unexpected(std::move(signer.error()));
  return Applicant{.key = *key,
                   .request = {.type = pki::scep::MessageType::pkcs_req,
                               .csr = *std::move(csr),
                               .signer = *std::move(signer),
                               .signer_key = *key,
                               .transaction_id = random.uuid(),
                               .sender_nonce = random.bytes(16)}};
}

Result<void> measure_scep(const enrolment::CertificateAuthority& authority,
                          const Applicant& applicant, RandomSource& random,
                          CryptographyFloor& floor, std::optional<pki::Certificate>& identity) {
  Result<Bytes> message = pki::scep::make_request(applicant.request, authority.certificate());
  if (!message) return std::unexpected(std::move(message.error()));
  std::optional<pki::scep::Request> request;
  Result<double> cost = cost_of([&]() -> Result<void> {
    auto parsed = pki::scep::parse_request(*message, authority.certificate(), authority.key());
    if (!parsed) return std::unexpected(parsed.error().error);
    request = *std::move(parsed);
    return {};
  });
  if (!cost) return std::unexpected(std::move(cost.error()));
  floor.scep_opened = *cost;

  cost = cost_of([&]() -> Result<void> {
    auto issued = authority.issue(request->csr, {.now = SystemClock().wall_now(),
                                                 .lifetime = std::chrono::days(30),
                                                 .serial = random.bytes(16)});
    if (!issued) return std::unexpected(issued.error());
    identity = *std::move(issued);
    return {};
  });
  if (!cost) return std::unexpected(std::move(cost.error()));
  floor.identity_issued = *cost;

  cost = cost_of([&] {
    return outcome_of(pki::scep::make_success(*request, *identity, authority.anchors(),
                                              authority.certificate(), authority.key(),
                                              random.bytes(16)));
  });
  if (!cost) return std::unexpected(std::move(cost.error()));
  floor.scep_answered = *cost;
  return {};
}

Result<void> measure_handshakes(const std::filesystem::path& state_folder,
                                const enrolment::CertificateAuthority& authority,
                                const pki::Certificate& identity, const pki::PrivateKey& key,
                                CryptographyFloor& floor) {
  Result<TlsIdentity> server_identity =
      load_tls_identity(state_folder / "server.pem", state_folder / "server.key");
  if (!server_identity) return std::unexpected(std::move(server_identity.error()));
  auto server = http::TlsContext::for_server(
      {.chain = server_identity->chain,
       .key = server_identity->key,
       .protocols = {"h2", "http/1.1"},
       .client_certificate = http::TlsContext::ServerOptions::ClientCertificate::optional,
       .client_issuers = {authority.certificate()}});
  auto stranger = http::TlsContext::for_client({.anchors = {authority.certificate()},
                                                .certificate = std::nullopt,
                                                .key = std::nullopt,
                                                .protocols = {"http/1.1"},
                                                .verify_host = false});
  auto device = http::TlsContext::for_client({.anchors = {authority.certificate()},
                                              .certificate = identity,
                                              .key = key,
                                              .protocols = {"http/1.1"},
                                              .verify_host = false});
  if (!server) return std::unexpected(std::move(server.error()));
  if (!stranger) return std::unexpected(std::move(stranger.error()));
  if (!device) return std::unexpected(std::move(device.error()));
  Result<double> cost = handshake_cost(*server, *stranger, times);
  if (!cost) return std::unexpected(std::move(cost.error()));
  floor.handshake = *cost;
  cost = handshake_cost(*server, *device, times);
  if (!cost) return std::unexpected(std::move(cost.error()));
  floor.mutual_handshake = *cost;
  return {};
}

}  // namespace

Result<CryptographyFloor> measure_cryptography(const std::filesystem::path& state_folder,
                                               KeyKind keys) {
  SystemRandomSource random;
  const SystemClock clock;
  auto authority = enrolment::load_or_create_authority(state_folder, clock, random);
  if (!authority) return std::unexpected(std::move(authority.error()));
  auto signer = enrolment::make_profile_signer(*authority, "reveille", clock, random);
  if (!signer) return std::unexpected(std::move(signer.error()));
  Result<Applicant> applicant = make_applicant(keys, random);
  if (!applicant) return std::unexpected(std::move(applicant.error()));

  CryptographyFloor floor;
  const Bytes profile(profile_bytes, 'p');
  Result<double> cost = cost_of([&] {
    return outcome_of(pki::sign_attached(profile, signer->certificate, signer->key, signer->chain));
  });
  if (!cost) return std::unexpected(std::move(cost.error()));
  floor.profile_signed = *cost;

  std::optional<pki::Certificate> identity;
  Result<void> done = measure_scep(*authority, *applicant, random, floor, identity);
  if (!done) return std::unexpected(std::move(done.error()));
  const auto now = std::chrono::floor<std::chrono::seconds>(clock.wall_now());
  cost = cost_of(
      [&] { return pki::verify_client_certificate(*identity, {}, authority->anchors(), now); });
  if (!cost) return std::unexpected(std::move(cost.error()));
  floor.identity_verified = *cost;
  done = measure_handshakes(state_folder, *authority, *identity, applicant->key, floor);
  if (!done) return std::unexpected(std::move(done.error()));
  return floor;
}

}  // namespace reveille::bench
