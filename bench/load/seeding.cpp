#include "bench/load/seeding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/random_source.h"
#include "protocol/pki/certificate_request.h"
#include "protocol/pki/push_certificate.h"
#include "storage/rocksdb/rocksdb_store.h"
#include "tools/reveille/state_folder.h"

namespace reveille::bench {
namespace {

constexpr std::size_t enrolments_per_commit = 1'000;
constexpr auto identity_lifetime = std::chrono::days(30);

storage::Time wall_now() { return SystemClock().wall_now(); }

// As long as a real UDID of that shape.
std::string udid_of(std::size_t number) {
  return fmt::format("BE7C0000-{:04X}-4000-8000-{:012X}", number >> 16 & 0xFFFF, number);
}

mdm::Identity identity_of(const std::string& udid) {
  return {.kind = mdm::IdentityKind::device,
          .enrolment = mdm::EnrolmentId(udid),
          .device = mdm::EnrolmentId(udid),
          .user_short_name = std::nullopt,
          .user_long_name = std::nullopt};
}

mdm::Authenticate authenticate_of(const std::string& udid, std::size_t number,
                                  const std::string& topic) {
  mdm::Authenticate message;
  message.identity = identity_of(udid);
  message.topic = topic;
  message.serial_number = fmt::format("BENCH{:07d}", number);
  message.model = "MLTG3B/A";
  message.model_name = "iPhone";
  message.product_name = "iPhone16,1";
  message.device_name = fmt::format("Phone {}", number);
  message.os_version = "18.1";
  message.build_version = "22B83";
  return message;
}

mdm::TokenUpdate token_update_of(const std::string& udid, std::size_t number,
                                 const std::string& topic) {
  mdm::TokenUpdate message;
  message.identity = identity_of(udid);
  message.topic = topic;
  message.push_token = {.bytes = push_token_of(number)};
  message.push_magic = {
      .text = fmt::format("0A0B0C0D-{:04X}-4000-8000-{:012X}", number >> 16 & 0xFFFF, number)};
  return message;
}

Result<SeededIdentity> issue_identity(const enrolment::CertificateAuthority& authority,
                                      const std::string& udid, const pki::PrivateKey& key,
                                      RandomSource& random) {
  Result<pki::CertificateRequest> request =
      pki::CertificateRequest::create(udid, "reveille", std::nullopt, key);
  if (!request) return std::unexpected(std::move(request.error()));
  const enrolment::CertificateAuthority::Terms terms{
      .now = wall_now(), .lifetime = identity_lifetime, .serial = random.bytes(16)};
  Result<pki::Certificate> certificate = authority.issue(*request, terms);
  if (!certificate) return std::unexpected(std::move(certificate.error()));
  return SeededIdentity{.certificate = *std::move(certificate), .key = key};
}

// The certificate as SCEP leaves it, its binding, Authenticate and TokenUpdate.
Result<void> enrol(storage::Transaction& transaction, std::size_t number, const std::string& udid,
                   const std::string& topic, const std::optional<SeededIdentity>& identity,
                   RandomSource& random) {
  const storage::Time now = wall_now();
  const storage::Sha256 certificate =
      storage::Sha256::from(identity ? identity->certificate.sha256() : random.bytes(32));
  const storage::IssuedCertificate issued{
      .sha256 = certificate,
      .serial_hex = identity ? identity->certificate.serial_hex() : to_hex(random.bytes(16)),
      .issued_at = now,
      .not_after = now + identity_lifetime,
      .renews = std::nullopt};
  Result<void> done = transaction.record_certificate(issued);
  if (done) done = transaction.bind_certificate(certificate, mdm::EnrolmentId(udid));
  if (!done) return done;
  auto begun = transaction.authenticate(authenticate_of(udid, number, topic), certificate, now);
  if (!begun) return std::unexpected(std::move(begun.error()));
  auto enrolled = transaction.update_token(token_update_of(udid, number, topic), now);
  if (!enrolled) return std::unexpected(std::move(enrolled.error()));
  return {};
}

Result<void> put_push_certificate(storage::Store& store, const DevelopmentApple& apple) {
  Result<pki::PushCertificate> certificate =
      pki::parse_push_certificate(apple.push_certificate_pem);
  if (!certificate) return std::unexpected(std::move(certificate.error()));
  const auto transaction = store.begin();
  Result<void> done =
      transaction->put_push_certificate({.topic = apple.topic,
                                         .certificate_pem = apple.push_certificate_pem,
                                         .not_after = certificate->certificate.not_after(),
                                         .stored_at = wall_now()});
  if (!done) return done;
  return transaction->commit();
}

Result<std::unique_ptr<storage::Store>> open_store(const StateFolder& folder,
                                                   RandomSource& random) {
  Result<Bytes> secret_key = folder.secret_key(random);
  if (!secret_key) return std::unexpected(std::move(secret_key.error()));
  storage::RocksdbOptions options;
  options.folder = folder.database();
  options.secret_key = *std::move(secret_key);
  return storage::open_rocksdb_store(options);
}

}  // namespace

std::string push_token_of(std::size_t number) {
  std::string token(32, '\0');
  std::uint64_t state = number;
  for (int word = 0; word < 4; ++word) {
    state += 0x9E3779B97F4A7C15u;  // splitmix64: spread like Apple's, and the same in every run
    std::uint64_t mixed = state;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    mixed ^= mixed >> 31;
    std::memcpy(&token[8 * static_cast<std::size_t>(word)], &mixed, sizeof(mixed));
  }
  return token;
}

Result<SeededFleet> seed(const std::filesystem::path& state_folder, const DevelopmentApple& apple,
                         const SeedOptions& options,
                         const std::function<void(std::size_t)>& progress) {
  SystemRandomSource random;
  const SystemClock clock;
  Result<StateFolder> folder = StateFolder::open(state_folder);
  if (!folder) return std::unexpected(std::move(folder.error()));
  auto authority = enrolment::load_or_create_authority(state_folder, clock, random);
  if (!authority) return std::unexpected(std::move(authority.error()));
  Result<pki::PrivateKey> key = options.identity_key == SeedOptions::IdentityKey::p256
                                    ? pki::PrivateKey::generate_p256()
                                    : pki::PrivateKey::generate_rsa(2048);
  if (!key) return std::unexpected(std::move(key.error()));
  auto store = open_store(*folder, random);
  if (!store) return std::unexpected(std::move(store.error()));
  Result<void> done = put_push_certificate(**store, apple);
  if (!done) return std::unexpected(std::move(done.error()));

  SeededFleet fleet{.ids = {}, .identities = {}, .authority = authority->certificate()};
  fleet.ids.reserve(options.enrolments);
  while (fleet.ids.size() < options.enrolments) {
    const auto transaction = (*store)->begin();
    const std::size_t end = std::min(fleet.ids.size() + enrolments_per_commit, options.enrolments);
    for (std::size_t number = fleet.ids.size(); number < end; ++number) {
      const std::string udid = udid_of(number);
      std::optional<SeededIdentity> identity;
      if (number < options.identities) {
        Result<SeededIdentity> issued = issue_identity(*authority, udid, *key, random);
        if (!issued) return std::unexpected(std::move(issued.error()));
        identity = *issued;
        fleet.identities.push_back(*std::move(issued));
      }
      done = enrol(*transaction, number, udid, apple.topic, identity, random);
      if (!done) return std::unexpected(std::move(done.error()));
      fleet.ids.push_back(udid);
    }
    done = transaction->commit();
    if (!done) return std::unexpected(std::move(done.error()));
    progress(fleet.ids.size());
  }
  return fleet;
}

}  // namespace reveille::bench
