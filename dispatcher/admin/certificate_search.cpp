#include "dispatcher/admin/certificate_search.h"

#include <utility>

#include "dispatcher/runtime/run_in_storage.h"

namespace reveille::admin {
namespace {

constexpr std::size_t page_max = 1'000;
constexpr std::size_t matches_max = 10'000;  // one device has a few

using Revoked = std::set<storage::Sha256>;

// 20 octets are the longest serial that RFC 5280 (4.1.2.2) allows: never as long as a SHA-256.
constexpr std::size_t serial_bytes_max = 20;

}  // namespace

boost::asio::awaitable<Result<Certificates>> read_certificates(const Parts& parts,
                                                               storage::Sha256 after,
                                                               std::size_t count_max) {
  std::move_only_function<Result<Certificates>(storage::Transaction&)> work =
      [after, count_max](storage::Transaction& transaction) {
        return transaction.list_certificates(after, count_max);
      };
  co_return co_await run_in_storage<Certificates>(parts.storage, storage::partition_of(after),
                                                  std::move(work));
}

boost::asio::awaitable<Result<Certificates>> find_certificates(const Parts& parts,
                                                               Matches matches) {
  Certificates found;
  storage::Sha256 after;
  while (true) {
    Result<Certificates> page = co_await read_certificates(parts, after, page_max);
    if (!page) co_return std::unexpected(std::move(page.error()));
    for (storage::KnownCertificate& certificate : *page) {
      after = certificate.sha256;
      if (matches(certificate)) found.push_back(std::move(certificate));
    }
    if (page->size() < page_max) co_return found;
    if (found.size() > matches_max) {
      co_return failure(ErrorCode::overloaded, "more certificates than one request may ask for");
    }
  }
}

boost::asio::awaitable<Result<Revoked>> read_revoked(const Parts& parts) {
  std::move_only_function<Result<Revoked>(storage::Transaction&)> work =
      [](storage::Transaction& transaction) -> Result<Revoked> {
    const auto revoked = transaction.revoked_certificates();
    if (!revoked) return std::unexpected(revoked.error());
    return Revoked(revoked->begin(), revoked->end());
  };
  co_return co_await run_in_storage<Revoked>(parts.storage, storage::Partition{}, std::move(work));
}

bool CertificateName::matches(const storage::KnownCertificate& certificate) const {
  if (sha256) return certificate.sha256 == *sha256;
  return certificate.issued && certificate.issued->serial_hex == serial_hex;
}

Result<CertificateName> parse_certificate_name(std::string_view text) {
  std::string digits;
  for (const char character : text) {
    if (character != ':') digits += character;
  }
  const std::optional<Bytes> bytes = from_hex(digits);
  CertificateName name;
  if (bytes && bytes->size() == storage::Sha256{}.bytes.size()) {
    name.sha256 = storage::Sha256::from(*bytes);
    return name;
  }
  if (!bytes || bytes->empty() || bytes->size() > serial_bytes_max) {
    return failure(ErrorCode::malformed,
                   "a certificate is named by its serial number or its SHA-256, in hexadecimal");
  }
  name.serial_hex = to_hex(*bytes);
  return name;
}

}  // namespace reveille::admin
