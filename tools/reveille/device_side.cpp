#include "tools/reveille/device_side.h"

#include <future>
#include <utility>

#include "dispatcher/device/device_endpoint.h"
#include "dispatcher/device/wake_after_exchange.h"
#include "dispatcher/enrolment/certificate_authority.h"
#include "dispatcher/enrolment/challenges.h"
#include "dispatcher/enrolment/profile_signer.h"
#include "dispatcher/wake/due.h"
#include "protocol/base/ensure.h"
#include "tools/reveille/device_services.h"
#include "tools/reveille/part_options.h"

namespace reveille {

static_assert(wake::DueReader::reread_interval <= device::wakes_reread_within);

struct DeviceSide::State {
  const Configuration& configuration;
  StorageLanes& storage;
  wake::WakeLanes& wakes;
  const Clock& clock;
  RandomSource& random;
  Log& log;
  std::filesystem::path folder;
  http::Spool spool;
  enrolment::CertificateAuthority authority;
  enrolment::Revocations revocations;
  std::string public_url;
  std::vector<std::unique_ptr<device::DeviceEndpoint>> endpoints;  // by lane

  device::StatisticsReading statistics() const {
    device::StatisticsReading sum;
    for (const auto& endpoint : endpoints) sum += endpoint->statistics();
    return sum;
  }
};

namespace {

using Revoked = Result<std::vector<storage::Sha256>>;

// Reads in a storage lane, and waits: at the start nothing else has to go on.
Revoked read_revocations(StorageLanes& storage) {
  class Job final : public StorageJob {
   public:
    explicit Job(std::promise<Revoked> answer) : answer_(std::move(answer)) {}
    Result<void> run(storage::Transaction& transaction) override {
      revoked_ = transaction.revoked_certificates();
      return {};
    }
    void finish(Result<void> committed) override {
      if (committed) {
        answer_.set_value(std::move(revoked_));
      } else {
        answer_.set_value(std::unexpected(std::move(committed.error())));
      }
    }

   private:
    std::promise<Revoked> answer_;
    Revoked revoked_;
  };
  std::promise<Revoked> answer;
  std::future<Revoked> future = answer.get_future();
  const Result<void> submitted =
      storage.submit(storage::Partition{}, std::make_unique<Job>(std::move(answer)));
  if (!submitted) return std::unexpected(submitted.error());
  return future.get();
}

}  // namespace

DeviceSide::DeviceSide(std::unique_ptr<State> state) : state_(std::move(state)) {}
DeviceSide::~DeviceSide() = default;

Result<std::unique_ptr<DeviceSide>> DeviceSide::make(const Configuration& configuration,
                                                     const std::filesystem::path& folder,
                                                     StorageLanes& storage, wake::WakeLanes& wakes,
                                                     const Clock& clock, RandomSource& random,
                                                     Log& log) {
  auto authority = enrolment::load_or_create_authority(folder, clock, random);
  if (!authority) return std::unexpected(std::move(authority.error()));
  // Without temporary: a State has a mutex, and stays where it is.
  std::unique_ptr<State> state(new State{.configuration = configuration,
                                         .storage = storage,
                                         .wakes = wakes,
                                         .clock = clock,
                                         .random = random,
                                         .log = log,
                                         .folder = folder,
                                         .spool = http::Spool(spool_options(configuration, folder)),
                                         .authority = *std::move(authority),
                                         .revocations = {},
                                         .public_url = {},
                                         .endpoints = {}});
  const auto revoked = read_revocations(storage);
  if (!revoked) return std::unexpected(revoked.error());
  state->revocations.add(*revoked);
  return std::unique_ptr<DeviceSide>(new DeviceSide(std::move(state)));
}

std::vector<pki::Certificate> DeviceSide::client_issuers() const {
  const auto anchors = state_->authority.anchors();
  return {anchors.begin(), anchors.end()};
}

Result<void> DeviceSide::make_handlers(const std::string& public_url, std::size_t lanes) {
  State& state = *state_;
  const Configuration::Enrolment& enrolment = state.configuration.enrolment;
  state.public_url = public_url;
  device::DeviceEndpointOptions options;
  options.public_url = public_url;
  options.organisation = enrolment.organisation;
  options.sign_profile = enrolment.sign_profile;
  options.sign_message = enrolment.sign_message;
  options.authorisation.adopt_unbound = enrolment.adopt_unbound;
  auto services = device_services(state.configuration, state.folder);
  if (!services) return std::unexpected(std::move(services.error()));
  options.services = *std::move(services);
  auto proxies = trusted_proxies(state.configuration);
  if (!proxies) return std::unexpected(std::move(proxies.error()));
  options.proxies = *std::move(proxies);
  options.revocations = &state.revocations;
  options.spool = &state.spool;
  options.certificate_lifetime = std::chrono::days(enrolment.identity_days);
  options.authorisation.renewal_overlap = std::chrono::days(enrolment.renewal_overlap_days);
  const Configuration::Wake& wake = state.configuration.wake;
  options.timeouts.answer = std::chrono::seconds(wake.answer_seconds);
  options.timeouts.not_now_promised = std::chrono::seconds(wake.not_now_promised_seconds);
  options.timeouts.not_now_unpromised = std::chrono::seconds(wake.not_now_unpromised_seconds);
  if (enrolment.sign_profile) {
    auto signer = enrolment::make_profile_signer(state.authority, enrolment.organisation,
                                                 state.clock, state.random);
    if (!signer) return std::unexpected(std::move(signer.error()));
    options.profile_signer = *std::move(signer);
  }
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    state.endpoints.push_back(std::make_unique<device::DeviceEndpoint>(
        options, state.storage,
        [&wakes = state.wakes](storage::Partition partition) { wakes.notify(partition); },
        state.authority, state.clock, state.random, state.log));
  }
  return {};
}

http::Handler& DeviceSide::handler(std::size_t lane) {
  ensure(lane < state_->endpoints.size(), "every lane has a handler");
  return *state_->endpoints[lane];
}

boost::asio::awaitable<Result<std::vector<admin::EnrolmentLink>>> DeviceSide::create_links(
    std::size_t count, std::chrono::seconds valid) {
  const State& state = *state_;
  auto challenges =
      co_await enrolment::create_challenges(state.storage, state.clock, state.random, count, valid);
  if (!challenges) co_return std::unexpected(std::move(challenges.error()));
  std::vector<admin::EnrolmentLink> links;
  for (const enrolment::Challenge& challenge : *challenges) {
    admin::EnrolmentLink link;
    link.url = enrolment::enrolment_url(state.public_url, challenge.text);
    link.expires_at = challenge.expires_at;
    links.push_back(std::move(link));
  }
  co_return links;
}

std::vector<admin::NamedCount> DeviceSide::refusal_counts() const {
  const device::StatisticsReading sum = state_->statistics();
  std::vector<admin::NamedCount> counts;
  for (std::size_t reason = 0; reason < device::refusals; ++reason) {
    counts.push_back({device::name_of(static_cast<device::Refusal>(reason)), sum.refused[reason]});
  }
  return counts;
}

void DeviceSide::revoke(std::span<const storage::Sha256> certificates) {
  state_->revocations.add(certificates);
}

std::vector<admin::NamedCount> DeviceSide::exchange_counts() const {
  const device::StatisticsReading sum = state_->statistics();
  std::vector<admin::NamedCount> counts;
  for (std::size_t kind = 0; kind < device::request_kinds; ++kind) {
    counts.push_back({device::name_of(static_cast<device::RequestKind>(kind)), sum.requests[kind]});
  }
  std::uint64_t refused = 0;
  for (const std::uint64_t count : sum.refused) refused += count;
  counts.push_back({"refused", refused});
  counts.push_back({"not_now", sum.count(mdm::Status::not_now)});
  counts.push_back({"commands_handed_out", sum.commands_handed_out});
  counts.push_back({"enrolled", sum.enrolled});
  counts.push_back({"ended", sum.ended});
  counts.push_back({"logins", sum.logins});
  counts.push_back({"logins_refused", sum.logins_refused});
  counts.push_back({"certificates_adopted", sum.certificates_adopted});
  counts.push_back({"certificates_issued", sum.certificates_issued});
  counts.push_back({"certificates_renewed", sum.certificates_renewed});
  counts.push_back({"scep_refused", sum.scep_refused});
  counts.push_back({"scep_postponed", sum.scep_postponed});
  counts.push_back({"scep_abandoned", sum.scep_abandoned});
  counts.push_back({"profiles_served", sum.profiles_served});
  return counts;
}

}  // namespace reveille
