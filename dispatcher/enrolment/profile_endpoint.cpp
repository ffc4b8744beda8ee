#include "dispatcher/enrolment/profile_endpoint.h"

#include <algorithm>
#include <utility>

#include "dispatcher/enrolment/challenges.h"
#include "dispatcher/enrolment/text_response.h"
#include "dispatcher/runtime/run_in_storage.h"
#include "protocol/pki/cms.h"
#include "protocol/profile/payload_uuid.h"

namespace reveille::enrolment {
namespace {

constexpr std::size_t challenge_bytes_max = 256;

// What the store says of a link.
struct LinkState {
  bool is_open = false;
  std::optional<std::string> topic;  // that devices are pushed with
};

Result<LinkState> read_link_state(storage::Transaction& transaction,
                                  const storage::Sha256& challenge, storage::Time now) {
  const Result<bool> is_open = transaction.challenge_is_open(challenge, now);
  if (!is_open) return std::unexpected(is_open.error());
  LinkState state{.is_open = *is_open, .topic = std::nullopt};
  if (!state.is_open) return state;
  const auto certificates = transaction.push_certificates();
  if (!certificates) return std::unexpected(certificates.error());
  const auto* const in_use = storage::push_certificate_in_use(*certificates);
  if (in_use != nullptr) state.topic = in_use->topic;
  return state;
}

// "https://mdm.example.com:8443" -> "mdm.example.com"
std::string host_of(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
  if (url.starts_with('[')) return std::string(url.substr(1, url.find(']') - 1));
  return std::string(url.substr(0, url.find_first_of(":/")));
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

profile::EnrolmentProfile make_enrolment_profile(const ProfileOptions& options,
                                                 const pki::Certificate& root,
                                                 const std::string& challenge,
                                                 const std::string& topic) {
  const std::string url = without_slash(options.public_url);
  const std::string link = to_hex(hash_of_challenge(challenge).view());

  profile::EnrolmentProfile contents;
  contents.identifier = host_of(url) + ".reveille.enrolment";
  contents.uuid = profile::payload_uuid(link, "profile");
  contents.display_name = options.organisation + " device management";
  contents.organisation = options.organisation;
  contents.root_certificates.push_back(root.der());

  contents.scep.url = url + "/scep";
  contents.scep.name = options.organisation;
  contents.scep.challenge = challenge;
  contents.scep.common_name = profile::payload_uuid(link, "subject");
  contents.scep.organisation = options.organisation;

  contents.mdm.topic = topic;
  contents.mdm.server_url = url + "/mdm";
  contents.mdm.check_in_url = url + "/checkin";
  contents.mdm.sign_message = options.sign_message;
  // Users of Macs and Shared iPads get channels of their own; it cannot be added later (7.1).
  contents.mdm.server_capabilities = {"com.apple.mdm.per-user-connections",
                                      "com.apple.mdm.bootstraptoken"};
  if (options.gives_tokens) contents.mdm.server_capabilities.push_back("com.apple.mdm.token");
  return contents;
}

ProfileEndpoint::ProfileEndpoint(const ProfileOptions& options, StorageLanes& storage,
                                 const CertificateAuthority& authority, const Clock& clock,
                                 Log& log)
    : options_(options), storage_(storage), authority_(authority), clock_(clock), log_(log) {}

boost::asio::awaitable<http::Response> ProfileEndpoint::handle(const http::Request& request,
                                                               std::string_view challenge) {
  const bool is_read = request.method == "GET" || request.method == "HEAD";
  if (!is_read) co_return method_not_allowed("GET, HEAD");
  const std::string text = http::decode_path(challenge).value_or("");
  Result<LinkState> link = LinkState{};
  if (!text.empty() && text.size() <= challenge_bytes_max) {
    const storage::Sha256 hash = hash_of_challenge(text);
    const storage::Time now = clock_.wall_now();
    std::move_only_function<Result<LinkState>(storage::Transaction&)> work =
        [hash, now](storage::Transaction& transaction) {
          return read_link_state(transaction, hash, now);
        };
    link =
        co_await run_in_storage<LinkState>(storage_, storage::partition_of(hash), std::move(work));
  }
  if (link && link->is_open && link->topic) co_return serve(text, *link->topic);

  statistics_.refused.add_one();
  if (!link) {
    log_.error("enrolment profile not served",
               {{"error", name_of(link.error().code)}, {"detail", link.error().detail}});
    co_return text_response(503, "The server has a problem. Try again in some minutes.");
  }
  if (!link->is_open) {
    log_.info("enrolment link refused", {{"reason", "unknown, expired or used"}});
    co_return text_response(404,
                            "This enrolment link is unknown, has expired or has been used. Ask for "
                            "a new one: reveillectl enrolment-link");
  }
  log_.error("enrolment profile not served", {{"error", "no push certificate is stored"}});
  co_return text_response(503,
                          "The server has no push certificate yet, so nobody can enrol. Its "
                          "operator sets one with: reveillectl push-certificate set FILE");
}

http::Response ProfileEndpoint::serve(const std::string& challenge, const std::string& topic) {
  Bytes body = profile::write_enrolment_profile(
      make_enrolment_profile(options_, authority_.certificate(), challenge, topic));
  if (options_.signer) {
    const ProfileSigner& signer = *options_.signer;
    Result<Bytes> with_signature =
        pki::sign_attached(body, signer.certificate, signer.key, signer.chain);
    if (!with_signature) {
      statistics_.refused.add_one();
      log_.error("enrolment profile not signed", {{"detail", with_signature.error().detail}});
      return text_response(503, "The server has a problem. Try again in some minutes.");
    }
    body = *std::move(with_signature);
  }
  statistics_.served.add_one();
  http::Response response;
  response.headers.push_back({"content-type", "application/x-apple-aspen-config"});
  response.headers.push_back(
      {"content-disposition", "attachment; filename=\"enrol.mobileconfig\""});
  response.headers.push_back({"cache-control", "no-store"});
  response.body = std::move(body);
  return response;
}

}  // namespace reveille::enrolment
