#include "tools/simulators/device/fleet.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>
#include <iterator>
#include <utility>

namespace reveille::simulators::device {

namespace asio = boost::asio;

// A channel's place among those that talk and wait.
struct Fleet::Seat {
  Device& device;
  Channel& channel;
  bool waiting = false;  // for its turn
  bool talking = false;
  bool pushed_again = false;  // while it was talking
};

struct Fleet::Member {
  Member(const FleetServices& services, std::uint64_t number, pki::PrivateKey key)
      : device(services, number, std::move(key)) {
    for (const auto& channel : device.channels()) {
      seats.push_back(std::make_unique<Seat>(Seat{device, *channel}));
    }
  }

  Device device;
  std::vector<std::unique_ptr<Seat>> seats;  // the device's own first

  bool is_at_rest() const {
    return std::ranges::none_of(seats,
                                [](const auto& seat) { return seat->talking || seat->waiting; });
  }
};

namespace {

std::size_t device_count(const FleetOptions& options) {
  const std::size_t links = options.links.size();
  return options.devices == 0 ? links : std::min(options.devices, links);
}

}  // namespace

Result<std::unique_ptr<Fleet>> Fleet::make(asio::io_context& lane, FleetOptions options) {
  std::unique_ptr<Fleet> fleet(new Fleet(lane, std::move(options)));
  Result<void> prepared = fleet->prepare();
  if (!prepared) return std::unexpected(std::move(prepared.error()));
  return fleet;
}

Fleet::Fleet(asio::io_context& lane, FleetOptions options)
    : lane_(lane),
      options_(std::move(options)),
      spare_links_(std::span(options_.links).subspan(device_count(options_))) {}

Fleet::~Fleet() = default;

Result<void> Fleet::prepare() {
  std::ifstream file(options_.authority_file, std::ios::binary);
  if (!file) {
    return failure(ErrorCode::unavailable, "cannot read " + options_.authority_file.string());
  }
  const std::string pem(std::istreambuf_iterator<char>(file), {});
  auto anchors = pki::Certificate::all_from_pem(pem);
  if (!anchors) {
    return failure(ErrorCode::malformed,
                   options_.authority_file.string() + ": " + anchors.error().detail);
  }
  anchors_ = *std::move(anchors);
  if (options_.history_file) {
    auto history = History::open(*options_.history_file);
    if (!history) return std::unexpected(std::move(history.error()));
    history_ = *std::move(history);
  }
  services_ = std::make_unique<FleetServices>(
      FleetServices{lane_, options_, anchors_, report_, *this, spare_links_, history_.get()});
  if (options_.notify_socket) {
    auto feed = PushFeed::connect(lane_, *options_.notify_socket);
    if (!feed) return std::unexpected(std::move(feed.error()));
    pushes_ = *std::move(feed);
  }
  return make_devices();
}

Result<void> Fleet::make_devices() {
  std::vector<pki::PrivateKey> pool;
  for (std::size_t i = 0; i < device_count(options_); ++i) {
    const bool from_pool = options_.keys == KeyKind::rsa && pool.size() >= options_.key_pool;
    if (!from_pool) {
      auto key = options_.keys == KeyKind::rsa ? pki::PrivateKey::generate_rsa(2048)
                                               : pki::PrivateKey::generate_p256();
      if (!key) return std::unexpected(std::move(key.error()));
      if (options_.keys == KeyKind::ec) pool.clear();
      pool.push_back(*std::move(key));
    }
    const pki::PrivateKey& key = from_pool ? pool[i % pool.size()] : pool.back();
    members_.push_back(std::make_unique<Member>(*services_, i + 1, key));
    for (const auto& seat : members_.back()->seats) seats_[&seat->channel] = seat.get();
  }
  report_.devices = members_.size();
  return {};
}

asio::awaitable<void> Fleet::enrol_all() {
  next_to_enrol_ = 0;
  const std::size_t workers = std::min(options_.concurrency, members_.size());
  auto done = std::make_shared<asio::steady_timer>(lane_);
  done->expires_at(std::chrono::steady_clock::time_point::max());
  auto running = std::make_shared<std::size_t>(workers);
  for (std::size_t i = 0; i < workers; ++i) {
    auto on_end = [done, running](std::exception_ptr) {
      if (--*running == 0) done->cancel();
    };
    asio::co_spawn(lane_, enrol_some(), std::move(on_end));
  }
  boost::system::error_code ignored;
  if (workers > 0) {
    co_await done->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

asio::awaitable<void> Fleet::enrol_some() {
  while (next_to_enrol_ < members_.size()) {
    const std::size_t index = next_to_enrol_++;
    Member& member = *members_[index];
    Seat& own = *member.seats.front();
    own.talking = true;
    Result<void> enrolled = co_await member.device.enrol(options_.links[index]);
    own.talking = false;
    if (!enrolled) {
      ++report_.enrolments_failed;
      report_.broke(Rule::enrolment, member.device.id() + ": " + enrolled.error().detail);
    } else if (std::exchange(own.pushed_again, false)) {
      want_connection(own);
    }
  }
}

asio::awaitable<void> Fleet::follow_pushes() {
  if (!pushes_) co_return;
  PushFeed::OnPush hear = [this](const std::string& token, std::string_view push_magic) {
    hear_push(token, push_magic);
  };
  co_await pushes_->follow(std::move(hear));
}

void Fleet::hear_push(const std::string& token, std::string_view push_magic) {
  const auto found = by_token_.find(token);
  if (found == by_token_.end()) return;  // somebody else's device
  Seat& seat = *found->second.seat;
  ++report_.pushes_heard;
  if (push_magic != found->second.push_magic) {
    report_.broke(Rule::push_magic, seat.channel.speaker().enrolment());
    return;
  }
  seat.channel.note("pushed");
  seat.channel.heard_push(std::chrono::steady_clock::now());
  want_connection(seat);
}

void Fleet::want_connection(Seat& seat) {
  if (seat.talking) {
    seat.pushed_again = true;
  } else if (!seat.waiting) {
    seat.waiting = true;
    turns_.push_back(&seat);
    start_turns();
  }
}

void Fleet::start_turns() {
  while (!is_held_ && talking_ < options_.concurrency && !turns_.empty()) {
    Seat& seat = *turns_.front();
    turns_.pop_front();
    seat.waiting = false;
    const bool is_gone =
        seat.device.life() != Life::enrolled && seat.device.life() != Life::unenrolled;
    if (is_gone) continue;
    ++talking_;
    seat.talking = true;
    asio::co_spawn(lane_, take_turn(seat), asio::detached);
  }
}

asio::awaitable<void> Fleet::take_turn(Seat& seat) {
  if (options_.connect_delay.count() > 0) {
    asio::steady_timer timer(lane_, options_.connect_delay);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  Channel::After after = Channel::After::asleep;
  do {
    seat.pushed_again = false;
    after = co_await seat.device.take_turn(seat.channel);
  } while (seat.pushed_again && after != Channel::After::gone);
  seat.talking = false;
  --talking_;
  if (after == Channel::After::polls_again) {
    ++polls_pending_;
    asio::co_spawn(lane_, poll_later(seat), asio::detached);
  }
  start_turns();
}

asio::awaitable<void> Fleet::poll_later(Seat& seat) {
  asio::steady_timer timer(lane_, options_.not_now_poll);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  --polls_pending_;
  if (seat.device.life() == Life::enrolled) want_connection(seat);
}

asio::awaitable<std::size_t> Fleet::leave(std::size_t count, bool silently) {
  std::size_t gone = 0;
  // From the end, so that scripts which name devices from the front do not meet the same ones.
  for (auto member = members_.rbegin(); member != members_.rend() && gone < count; ++member) {
    Member& leaving = **member;
    if (leaving.device.life() != Life::enrolled || !leaving.is_at_rest()) continue;
    Seat& own = *leaving.seats.front();
    own.talking = true;
    if (silently) {
      leaving.device.leave_silently();
    } else {
      co_await leaving.device.check_out();
    }
    own.talking = false;
    ++gone;
  }
  co_return gone;
}

void Fleet::poll_all() {
  for (const auto& member : members_) {
    if (member->device.life() != Life::enrolled) continue;
    for (const auto& seat : member->seats) want_connection(*seat);
  }
}

void Fleet::release() {
  is_held_ = false;
  start_turns();
}

std::size_t Fleet::in_setup_now() const {
  std::size_t count = 0;
  for (const auto& [channel, seat] : seats_) {
    if (channel->is_alive() && channel->is_in_setup()) ++count;
  }
  return count;
}

std::size_t Fleet::enrolled_now() const {
  std::size_t count = 0;
  for (const auto& member : members_) {
    if (member->device.life() == Life::enrolled) ++count;
  }
  return count;
}

std::vector<std::string> Fleet::enrolled_udids(std::size_t first, std::size_t count) const {
  std::vector<std::string> udids;
  for (const auto& member : members_) {
    if (member->device.life() != Life::enrolled) continue;
    if (first > 0) {
      --first;
    } else if (udids.size() < count) {
      udids.push_back(member->device.id());
    }
  }
  return udids;
}

void Fleet::add(Channel& channel, const PushAddress& address) {
  std::string token = to_hex(address.token);
  if (pushes_) pushes_->tell_alive(token);
  by_token_[std::move(token)] = {.seat = seats_.at(&channel), .push_magic = address.magic};
}

void Fleet::remove(const Bytes& token) {
  const std::string hex = to_hex(token);
  if (by_token_.erase(hex) > 0 && pushes_) pushes_->tell_gone(hex);
}

}  // namespace reveille::simulators::device
