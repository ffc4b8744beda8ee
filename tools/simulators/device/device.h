#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "protocol/base/error.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/key.h"
#include "protocol/profile/enrolment_profile.h"
#include "tools/simulators/device/behaviour.h"
#include "tools/simulators/device/history.h"
#include "tools/simulators/device/options.h"
#include "tools/simulators/device/report.h"
#include "tools/simulators/device/transport.h"

namespace reveille::simulators::device {

// What the devices of a fleet share. Everything outlives them.
struct FleetServices {
  boost::asio::io_context& lane;
  const FleetOptions& options;
  const std::vector<pki::Certificate>& anchors;
  Report& report;
  History* history;  // nullptr: nobody keeps one
};

// One simulated device: enrols for real (profile, SCEP, Authenticate, TokenUpdate), then connects
// when told to and answers what it is handed, as protocol.md sections 2 to 4 and 7 say.
//
// Threads: the fleet's lane. At most one of its coroutines runs at a time: the fleet sees to that.
class Device {
 public:
  enum class Life { unenrolled, enrolled, erased, checked_out, left };
  enum class After { asleep, polls_again, gone };

  Device(const FleetServices& services, std::uint64_t number, pki::PrivateKey key);

  // Errors: what refused it, and where.
  boost::asio::awaitable<Result<void>> enrol(std::string link);

  // Connects, says Idle, answers until there is nothing more. Repeats an answer until it got its
  // 2xx, however long the server is away.
  boost::asio::awaitable<After> connect();

  // CheckOut, one attempt, then gone; or gone without a word.
  boost::asio::awaitable<void> check_out();
  void leave_silently();

  // The push that is being answered, for the latency from push to answer.
  void heard_push(std::chrono::steady_clock::time_point when) {
    if (!pushed_at_) pushed_at_ = when;
  }

  Life life() const { return life_; }
  const std::string& udid() const { return udid_; }
  const Bytes& push_token() const { return push_token_; }
  const std::string& push_magic() const { return push_magic_; }

 private:
  boost::asio::awaitable<Result<profile::EnrolmentProfile>> fetch_profile(const std::string& link);
  boost::asio::awaitable<Result<void>> obtain_identity(const profile::ScepPayload& scep);
  boost::asio::awaitable<Result<http::Response>> send(const Url& url, std::string content_type,
                                                      Bytes body);
  boost::asio::awaitable<Result<http::Response>> send_until_accepted(std::string content_type,
                                                                     Bytes body);
  boost::asio::awaitable<bool> answer(const mdm::Command& command, mdm::Status status,
                                      http::Response& next);
  http::TlsContext tls(bool with_identity) const;
  Transport& mdm_transport();
  void note(std::string_view event, std::string_view command = {});
  void broke(std::string expectation);
  void judge_status(int status);

  const FleetServices& services_;
  Life life_ = Life::unenrolled;
  const std::string udid_;
  const std::string serial_number_;
  const pki::PrivateKey key_;
  std::optional<pki::Certificate> certificate_;
  Bytes push_token_;
  std::string push_magic_;
  std::string topic_;
  std::optional<Url> server_url_, check_in_url_;
  std::unique_ptr<Transport> transport_;
  Behaviour behaviour_;
  Expectations expectations_;
  std::optional<std::chrono::steady_clock::time_point> pushed_at_;
};

}  // namespace reveille::simulators::device
