#pragma once

#include <memory>

#include "dispatcher/admin/parts.h"
#include "dispatcher/http/handler.h"

namespace reveille::admin {

// The operators' resources, as one table (router.cpp): ours, and those that behave as NanoMDM's do
// (nanomdm-api.md 1 to 4). The same router serves the operators' port and the admin socket:
//
//   TCP          HTTP Basic with an API key; 401 without. The only 401 of the whole server: devices
//                never come here.
//   Unix socket  no key; 403 for peers other than root and the daemon's own user.
//
// Threads: one router for each lane; its requests run in that lane, several at a time.
class Router final : public http::Handler {
 public:
  explicit Router(Parts parts);
  ~Router() override;

  boost::asio::awaitable<http::Response> handle(http::Request request,
                                                const http::Peer& peer) override;

 private:
  struct Table;
  Parts parts_;
  std::unique_ptr<const Table> table_;
};

}  // namespace reveille::admin
