#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tools/simulators/device/identity.h"
#include "tools/simulators/device/kind.h"
#include "tools/simulators/device/services.h"
#include "tools/simulators/device/transport.h"
#include "tools/simulators/device/verdict.h"

namespace reveille::simulators::device {

// What a device knows of its server, by its profile; shared by its channels.
struct Enrolment {
  Identity identity;
  profile::ScepPayload scep;
  std::string topic;
  Url server_url, check_in_url;
};

// One channel's connection to the server, with the device's identity as it is when it opens.
class Line {
 public:
  enum class Where { check_in, server };
  using IsOver = std::function<bool()>;

  // `enrolment` belongs to the device and may change between requests.
  Line(const FleetServices& services, const Speaker& speaker, const Enrolment& enrolment);

  // One attempt. Errors: unavailable.
  boost::asio::awaitable<Result<http::Response>> send(Where where, Bytes body);

  // Repeats it until the server says what it thinks of it, however long it is away.
  // Errors: unauthorised (the server has unenrolled the device), unavailable (`is_over` says that
  // it has become pointless).
  boost::asio::awaitable<Result<http::Response>> send_until_answered(Where where, Bytes body,
                                                                     IsOver is_over);

  // The same until there is a 2xx. A refusal breaks `rule`, and the message is repeated.
  boost::asio::awaitable<Result<http::Response>> send_until_accepted(Where where, Bytes body,
                                                                     Rule rule, IsOver is_over);

  void hang_up() { transport_.reset(); }

 private:
  Transport& transport();

  const FleetServices& services_;
  const Speaker& speaker_;
  const Enrolment& enrolment_;
  std::unique_ptr<Transport> transport_;
  std::size_t token_ = 0;  // of options.bearer_tokens
};

}  // namespace reveille::simulators::device
