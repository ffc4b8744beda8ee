#include <utility>

#include "dispatcher/admin/certificate_search.h"
#include "dispatcher/admin/json_writer.h"
#include "dispatcher/admin/page_limit.h"
#include "dispatcher/admin/replies.h"
#include "dispatcher/admin/resources.h"
#include "dispatcher/admin/time_text.h"
#include "dispatcher/runtime/run_in_storage.h"

// Identity certificates: which there are, and taking one's trust away.
namespace reveille::admin {

namespace {

using Revoked = std::set<storage::Sha256>;
using Digests = std::vector<storage::Sha256>;

constexpr std::size_t page_default = 100;
constexpr std::size_t page_max = 1'000;

struct Page {
  storage::Sha256 after;
  std::size_t count_max = page_default;
};

Result<Page> parse_page(std::string_view query) {
  Page page;
  if (const auto after = http::query_parameter(query, "after")) {
    const std::optional<Bytes> bytes = from_hex(*after);
    if (!bytes || bytes->size() != page.after.bytes.size()) {
      return failure(ErrorCode::malformed, "\"after\" must be a SHA-256, in hexadecimal");
    }
    page.after = storage::Sha256::from(*bytes);
  }
  const Result<std::size_t> limit = parse_limit(query, page_default, page_max);
  if (!limit) return std::unexpected(limit.error());
  page.count_max = *limit;
  return page;
}

void write_certificate(JsonWriter& json, const storage::KnownCertificate& certificate,
                       const Revoked& revoked) {
  json.begin_object();
  json.member("sha256", to_hex(certificate.sha256.view()));
  if (certificate.issued) {
    json.member("serial", certificate.issued->serial_hex);
    json.member("issued_at", time_text(certificate.issued->issued_at));
    json.member("not_after", time_text(certificate.issued->not_after));
    if (certificate.issued->renews) {
      json.member("renews_sha256", to_hex(certificate.issued->renews->view()));
    }
  }
  if (certificate.device) json.member("enrolment", certificate.device->text());
  json.member("revoked", revoked.contains(certificate.sha256));
  json.end_object();
}

http::Response certificates_reply(const Certificates& certificates, const Revoked& revoked,
                                  const std::optional<storage::Sha256>& next) {
  JsonWriter json;
  json.begin_object();
  json.key("certificates");
  json.begin_array();
  for (const auto& certificate : certificates) write_certificate(json, certificate, revoked);
  json.end_array();
  if (next) json.member("next", to_hex(next->view()));
  json.end_object();
  return json_reply(200, json.finish());
}

boost::asio::awaitable<Result<storage::KnownCertificate>> find_named(const Parts& parts,
                                                                     const std::string& text) {
  const Result<CertificateName> name = parse_certificate_name(text);
  if (!name) co_return std::unexpected(name.error());
  Matches matches = [&name](const storage::KnownCertificate& one) { return name->matches(one); };
  Result<Certificates> found = co_await find_certificates(parts, std::move(matches));
  if (!found) co_return std::unexpected(std::move(found.error()));
  if (found->empty()) co_return failure(ErrorCode::not_found, "no such certificate");
  if (found->size() > 1) {
    co_return failure(ErrorCode::conflict, "several have this serial: name one by its SHA-256");
  }
  co_return std::move(found->front());
}

// Durable first: a revocation that a crash undoes would have been a promise that was not kept.
boost::asio::awaitable<Result<void>> revoke(const Parts& parts, Digests digests) {
  std::move_only_function<Result<bool>(storage::Transaction&)> work =
      [digests, now = parts.clock.wall_now()](storage::Transaction& transaction) -> Result<bool> {
    for (const storage::Sha256& digest : digests) {
      const Result<void> revoked = transaction.revoke_certificate(digest, now);
      if (!revoked) return std::unexpected(revoked.error());
    }
    return true;
  };
  const Result<bool> done =
      co_await run_in_storage<bool>(parts.storage, storage::Partition{}, std::move(work));
  if (!done) co_return std::unexpected(done.error());
  parts.certificates_revoked(digests);
  co_return Result<void>();
}

// What its record is pinned to: of enrolments that another server began nothing else may be known.
boost::asio::awaitable<Result<Digests>> pinned_certificates(const Parts& parts,
                                                            mdm::EnrolmentId id) {
  std::move_only_function<Result<Digests>(storage::Transaction&)> work =
      [id](storage::Transaction& transaction) -> Result<Digests> {
    const auto enrolment = transaction.find_enrolment(id);
    if (!enrolment) return std::unexpected(enrolment.error());
    if (!*enrolment) return failure(ErrorCode::not_found, "no such enrolment");
    Digests pinned;
    if ((*enrolment)->certificate != storage::Sha256{}) pinned.push_back((*enrolment)->certificate);
    if ((*enrolment)->previous_certificate) {
      pinned.push_back(*(*enrolment)->previous_certificate);
    }
    return pinned;
  };
  co_return co_await run_in_storage<Digests>(parts.storage, storage::partition_of(id),
                                             std::move(work));
}

}  // namespace

// Those of one enrolment are few, and found by walking through all: they are one page.
Reply list_certificates(const Parts& parts, const Exchange& exchange) {
  const Result<Page> page = parse_page(exchange.request.query());
  if (!page) co_return error_reply(page.error());
  const Result<Revoked> revoked = co_await read_revoked(parts);
  if (!revoked) co_return error_reply(revoked.error());
  if (const auto id = http::query_parameter(exchange.request.query(), "enrolment")) {
    Matches matches = [&id](const storage::KnownCertificate& one) {
      return one.device && one.device->text() == *id;
    };
    const Result<Certificates> found = co_await find_certificates(parts, std::move(matches));
    if (!found) co_return error_reply(found.error());
    co_return certificates_reply(*found, *revoked, std::nullopt);
  }
  const Result<Certificates> found =
      co_await read_certificates(parts, page->after, page->count_max);
  if (!found) co_return error_reply(found.error());
  std::optional<storage::Sha256> next;
  if (found->size() == page->count_max) next = found->back().sha256;
  co_return certificates_reply(*found, *revoked, next);
}

Reply show_certificate(const Parts& parts, const Exchange& exchange) {
  const auto certificate = co_await find_named(parts, exchange.parameters.front());
  if (!certificate) co_return error_reply(certificate.error());
  const Result<Revoked> revoked = co_await read_revoked(parts);
  if (!revoked) co_return error_reply(revoked.error());
  JsonWriter json;
  write_certificate(json, *certificate, *revoked);
  co_return json_reply(200, json.finish());
}

Reply revoke_certificate(const Parts& parts, const Exchange& exchange) {
  const auto certificate = co_await find_named(parts, exchange.parameters.front());
  if (!certificate) co_return error_reply(certificate.error());
  Digests digests{certificate->sha256};
  const Result<void> done = co_await revoke(parts, std::move(digests));
  if (!done) co_return error_reply(done.error());
  parts.log.info("certificate revoked",
                 {{"sha256", to_hex(certificate->sha256.view())},
                  {"enrolment", certificate->device ? certificate->device->text() : ""}});
  JsonWriter json;
  write_certificate(json, *certificate, Revoked{certificate->sha256});
  co_return json_reply(200, json.finish());
}

// Until a walk finds nothing new: a certificate that one of them was renewed to during the walk is
// found by the next. Once they are revoked none of them can be renewed.
Reply revoke_certificates_of_enrolment(const Parts& parts, const Exchange& exchange) {
  const Result<mdm::EnrolmentId> id = mdm::parse_enrolment_id(exchange.parameters.front());
  if (!id) co_return error_reply(id.error());
  const Result<Digests> pinned = co_await pinned_certificates(parts, *id);
  if (!pinned) co_return error_reply(pinned.error());

  Revoked revoked;
  Digests fresh = *pinned;
  Certificates found;
  do {
    if (!fresh.empty()) {
      revoked.insert(fresh.begin(), fresh.end());
      const Result<void> done = co_await revoke(parts, fresh);
      if (!done) co_return error_reply(done.error());
    }
    fresh.clear();
    Matches matches = [&id](const storage::KnownCertificate& one) { return one.device == *id; };
    Result<Certificates> tied = co_await find_certificates(parts, std::move(matches));
    if (!tied) co_return error_reply(tied.error());
    found = *std::move(tied);
    for (const storage::KnownCertificate& one : found) {
      if (!revoked.contains(one.sha256)) fresh.push_back(one.sha256);
    }
  } while (!fresh.empty());
  if (revoked.empty()) {
    co_return error_reply(404,
                          "no certificate is tied to this enrolment; a user's is its device's");
  }
  parts.log.info("certificates of an enrolment revoked",
                 {{"enrolment", id->text()}, {"count", revoked.size()}});
  co_return certificates_reply(found, revoked, std::nullopt);
}

}  // namespace reveille::admin
