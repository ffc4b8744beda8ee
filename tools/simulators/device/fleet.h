#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/base/error.h"
#include "tools/simulators/device/device.h"
#include "tools/simulators/device/history.h"
#include "tools/simulators/device/options.h"
#include "tools/simulators/device/push_feed.h"
#include "tools/simulators/device/report.h"

namespace reveille::simulators::device {

// Many devices on one thread. Their channels sleep until they are pushed (or poll by themselves
// after a NotNow), and at most `concurrency` of them talk at a time: the rest wait for their turn.
class Fleet final : private PushTokens {
 public:
  static Result<std::unique_ptr<Fleet>> make(boost::asio::io_context& lane, FleetOptions options);
  ~Fleet() override;

  // Enrols every device that has a link; those that fail are counted and left out.
  boost::asio::awaitable<void> enrol_all();

  // Follows the pushes that reveille-apns accepted, until its socket closes.
  boost::asio::awaitable<void> follow_pushes();

  // `count` enrolled devices leave, with CheckOut or without a word. Returns how many did.
  boost::asio::awaitable<std::size_t> leave(std::size_t count, bool silently);

  // Every channel of every enrolled device connects once, pushed or not.
  void poll_all();

  // Nobody begins to talk until release(): so that what is queued meanwhile is there as a whole.
  void hold() { is_held_ = true; }
  void release();

  // Enrolled devices that neither talk nor wait to.
  bool at_rest() const { return talking_ == 0 && turns_.empty() && polls_pending_ == 0; }

  const Report& report() const { return report_; }
  std::size_t enrolled_now() const;
  // Channels that Setup Assistant holds until they are handed what ends it.
  std::size_t in_setup_now() const;
  // The ids of the first `count` enrolled devices from `first` on, for scripts.
  std::vector<std::string> enrolled_udids(std::size_t first, std::size_t count) const;

 private:
  struct Seat;
  struct Member;
  struct Wakes {
    Seat* seat;
    std::string push_magic;
  };

  Fleet(boost::asio::io_context& lane, FleetOptions options);
  Result<void> prepare();
  Result<void> make_devices();
  boost::asio::awaitable<void> enrol_some();
  void hear_push(const std::string& token, std::string_view push_magic);
  void want_connection(Seat& seat);
  void start_turns();
  boost::asio::awaitable<void> take_turn(Seat& seat);
  boost::asio::awaitable<void> poll_later(Seat& seat);
  void add(Channel& channel, const PushAddress& address) override;
  void remove(const Bytes& token) override;

  boost::asio::io_context& lane_;
  FleetOptions options_;
  std::vector<pki::Certificate> anchors_;
  std::unique_ptr<History> history_;
  Report report_;
  SpareLinks spare_links_;
  std::unique_ptr<FleetServices> services_;
  std::vector<std::unique_ptr<Member>> members_;
  std::unordered_map<const Channel*, Seat*> seats_;
  std::unordered_map<std::string, Wakes> by_token_;
  std::deque<Seat*> turns_;
  bool is_held_ = false;
  std::size_t talking_ = 0;
  std::size_t polls_pending_ = 0;
  std::size_t next_to_enrol_ = 0;

  std::unique_ptr<PushFeed> pushes_;  // nullptr: nobody is ever woken
};

}  // namespace reveille::simulators::device
