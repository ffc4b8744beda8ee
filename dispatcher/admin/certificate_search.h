#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "dispatcher/admin/parts.h"
#include "storage/records.h"

// Looking for identity certificates. They are stored by their SHA-256; all else is found by walking
// through them, a page of one storage job after the other, so that nobody else waits for long.
namespace reveille::admin {

using Certificates = std::vector<storage::KnownCertificate>;

// In byte order, after `after`. A short page is the last one.
boost::asio::awaitable<Result<Certificates>> read_certificates(const Parts& parts,
                                                               storage::Sha256 after,
                                                               std::size_t count_max);

// All of them that match. Errors: overloaded beyond some thousands.
using Matches = std::function<bool(const storage::KnownCertificate&)>;
boost::asio::awaitable<Result<Certificates>> find_certificates(const Parts& parts, Matches matches);

boost::asio::awaitable<Result<std::set<storage::Sha256>>> read_revoked(const Parts& parts);

// How people name a certificate: its SHA-256, or its serial number as `openssl x509 -serial` or a
// log line has it. Colons and the case do not count.
struct CertificateName {
  std::optional<storage::Sha256> sha256;
  std::string serial_hex;  // when there is no SHA-256

  bool matches(const storage::KnownCertificate& certificate) const;
};

// Errors: malformed.
Result<CertificateName> parse_certificate_name(std::string_view text);

}  // namespace reveille::admin
