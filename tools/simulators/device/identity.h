#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "protocol/base/error.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/key.h"
#include "protocol/profile/enrolment_profile.h"
#include "tools/simulators/device/services.h"
#include "tools/simulators/device/transport.h"

// How a device gets its enrolment profile and its identity certificate: protocol.md 7.1 and 7.3.
namespace reveille::simulators::device {

struct Identity {
  pki::PrivateKey key;
  std::optional<pki::Certificate> certificate;
};

http::TlsContext make_tls(const FleetServices& services, const Identity* identity);

// Errors: what refused it, and where.
boost::asio::awaitable<Result<profile::EnrolmentProfile>> fetch_profile(
    const FleetServices& services, std::string link);

// By SCEP: a first certificate for `identity.key` by the profile's challenge, or, when there is a
// certificate already, its renewal, signed with it. `common_name` is kept at renewals.
boost::asio::awaitable<Result<Identity>> obtain_identity(const FleetServices& services,
                                                         const profile::ScepPayload& scep,
                                                         std::string common_name,
                                                         Identity identity);

}  // namespace reveille::simulators::device
