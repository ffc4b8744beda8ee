#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/pki/key.h"
#include "tools/simulators/device/channel.h"
#include "tools/simulators/device/services.h"

namespace reveille::simulators::device {

// One simulated device with its users: enrols for real (profile, SCEP, Authenticate, TokenUpdate),
// then connects when told to, runs its errands and answers what it is handed, as protocol.md
// sections 2 to 4 and 7 say. Its channels talk at the same time, each by its own connection.
//
// Threads: the fleet's lane.
class Device {
 public:
  Device(const FleetServices& services, std::uint64_t number, pki::PrivateKey key);

  // Errors: what refused it, and where.
  boost::asio::awaitable<Result<void>> enrol(std::string link);

  // One connection of a channel of this device, with the errands before it.
  boost::asio::awaitable<Channel::After> take_turn(Channel& channel);

  // CheckOut, one attempt, then gone; or gone without a word.
  boost::asio::awaitable<void> check_out();
  void leave_silently();

  Life life() const { return state_.life; }
  const std::string& id() const { return channels_.front()->speaker().device; }
  // The device's own first.
  const std::vector<std::unique_ptr<Channel>>& channels() const { return channels_; }

 private:
  Channel& own() { return *channels_.front(); }
  boost::asio::awaitable<Result<void>> authenticate();
  boost::asio::awaitable<Result<void>> begin_channels();
  boost::asio::awaitable<void> run(Errand errand, Channel& channel);
  boost::asio::awaitable<void> renew();
  boost::asio::awaitable<void> enrol_again();
  boost::asio::awaitable<void> silence_users();
  boost::asio::awaitable<void> try_to_come_back();
  boost::asio::awaitable<void> return_to_service();
  boost::asio::awaitable<void> perhaps_return();
  boost::asio::awaitable<void> enrol_anew(std::string link);
  void end(Life life, std::string_view event, std::uint64_t& counter);

  const FleetServices& services_;
  const std::string serial_number_;
  std::string first_id_;
  DeviceState state_;
  std::size_t lives_ = 1;
  bool has_gone_ = false;  // and its end is counted
  std::vector<std::unique_ptr<Channel>> channels_;
  // While the device changes what all channels share, its users wait.
  bool users_wait_ = false;
  std::size_t users_talking_ = 0;
};

}  // namespace reveille::simulators::device
