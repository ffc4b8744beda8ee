#include "tools/simulators/apns/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace reveille::simulators::apns {

namespace asio = boost::asio;
using asio::ip::tcp;

Result<std::unique_ptr<Server>> Server::open(asio::io_context& lane, ServerOptions options) {
  std::unique_ptr<Server> server(new Server(lane, std::move(options)));
  Result<void> made = server->make_contexts();
  if (!made) return std::unexpected(std::move(made.error()));
  const auto& notify_socket = server->options_.notify_socket;
  if (notify_socket) {
    auto subscribers = Subscribers::listen(lane, *notify_socket, server->service_.tokens);
    if (!subscribers) return std::unexpected(subscribers.error());
    server->service_.subscribers = *std::move(subscribers);
  }
  // Even when the first phase does not listen: the port is to be known, and to be ours.
  Result<void> listening = server->listen();
  if (!listening) return std::unexpected(std::move(listening.error()));
  if (server->options_.scenario.starts == Scenario::Starts::at_once) {
    server->day_began_ = server->service_.report.started;
  } else {
    server->service_.on_first_push = [owner = server.get()] {
      owner->day_began_ = Service::Clock::now();
      owner->plan_next_phase();
    };
  }
  server->enter(0);
  return server;
}

Server::Server(asio::io_context& lane, ServerOptions options)
    : lane_(lane),
      options_(std::move(options)),
      service_(lane, options_.scenario, options_.strictness, options_.ledger),
      port_(options_.port),
      next_phase_(lane) {
  service_.assumed_topic = options_.assumed_topic;
  for (std::size_t i = 0; i < options_.scenario.phases.size(); ++i) {
    service_.report.phases[i].name = options_.scenario.phases[i].name;
  }
}

// What is suspended on the lane wakes up, sees that all is over, and does not touch us again.
Server::~Server() {
  boost::system::error_code ignored;
  if (acceptor_) acceptor_->close(ignored);
  for (const std::weak_ptr<Connection>& known : open_) {
    if (const auto connection = known.lock()) connection->end();
  }
}

Result<void> Server::make_contexts() {
  for (const Phase& phase : options_.scenario.phases) {
    auto context = make_tls(options_.identity, phase.behaviour.handshake);
    if (!context) return std::unexpected(std::move(context.error()));
    contexts_.push_back(*std::move(context));
  }
  return {};
}

Result<void> Server::listen() {
  try {
    const tcp::endpoint endpoint(asio::ip::make_address(options_.address), port_);
    auto acceptor = std::make_shared<tcp::acceptor>(lane_);
    acceptor->open(endpoint.protocol());
    acceptor->set_option(asio::socket_base::reuse_address(true));
    acceptor->bind(endpoint);
    acceptor->listen();
    port_ = acceptor->local_endpoint().port();
    acceptor_ = std::move(acceptor);
  } catch (const std::exception& error) {
    return failure(ErrorCode::unavailable,
                   options_.address + ":" + std::to_string(port_) + ": " + error.what());
  }
  asio::co_spawn(lane_, accept(acceptor_), asio::detached);
  return {};
}

void Server::enter(std::size_t phase) {
  phase_ = phase;
  service_.phase = &options_.scenario.phases[phase];
  ++service_.phase_number;
  service_.phase_counts = &service_.report.phases[phase];
  ++service_.phase_counts->entered;
  service_.fault_counts.assign(service_.phase->behaviour.pushes.size(), 0);
  if (!service_.phase->listening && acceptor_) {
    boost::system::error_code ignored;
    acceptor_->close(ignored);
    acceptor_.reset();
  }
  std::erase_if(open_, [](const std::weak_ptr<Connection>& known) { return known.expired(); });
  for (const std::weak_ptr<Connection>& known : std::vector(open_)) {
    if (const auto connection = known.lock()) connection->enter_phase();
  }
  plan_next_phase();
}

Milliseconds Server::time_of_day() const {
  return std::chrono::duration_cast<Milliseconds>(Service::Clock::now() - *day_began_);
}

void Server::plan_next_phase() {
  if (!day_began_) return;
  const Position position = position_at(options_.scenario, time_of_day());
  if (!position.next_at) return;
  next_phase_.expires_at(*day_began_ + *position.next_at);
  next_phase_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    // By the clock: who slept through a phase does not make up for it.
    enter(position_at(options_.scenario, time_of_day()).phase);
    if (service_.phase->listening && !acceptor_) {
      const Result<void> again = listen();
      if (!again)
        service_.report.count_broken("the port is no longer free: " + again.error().detail);
    }
  });
}

asio::awaitable<void> Server::accept(std::shared_ptr<tcp::acceptor> acceptor) {
  for (;;) {
    const Milliseconds delay = service_.phase == nullptr
                                   ? Milliseconds(0)
                                   : service_.phase->behaviour.handshake.accept_delay;
    boost::system::error_code error;
    if (delay.count() > 0) {
      asio::steady_timer timer(lane_, delay);
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
    if (!acceptor->is_open()) co_return;
    tcp::socket socket =
        co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (!error) take(std::move(socket));
  }
}

void Server::take(tcp::socket socket) {
  auto connection =
      std::make_shared<Connection>(service_, std::move(socket), contexts_[phase_], connections_++);
  if (open_.size() >= 1024) {
    std::erase_if(open_, [](const std::weak_ptr<Connection>& known) { return known.expired(); });
  }
  open_.push_back(connection);
  asio::co_spawn(lane_, connection->serve(), asio::detached);
}

const Report& Server::report() {
  service_.report.ledger = service_.ledger.counts();
  return service_.report;
}

}  // namespace reveille::simulators::apns
