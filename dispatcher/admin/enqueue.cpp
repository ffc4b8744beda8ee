#include <utility>

#include "dispatcher/admin/fan_out.h"
#include "dispatcher/admin/replies.h"
#include "dispatcher/admin/resources.h"

namespace reveille::admin {

namespace {

http::Response refused(std::string command_error, bool no_push) {
  RequestOutcome outcome;
  outcome.no_push = no_push;
  outcome.command_error = std::move(command_error);
  return nanomdm_reply(outcome);
}

}  // namespace

// Any method; the body is one command, or nothing: then push only. Clients that cut a list of ids
// and forget to send the body again do that by accident, hence the warning.
Reply enqueue(const Parts& parts, const Exchange& exchange) {
  const std::string& ids = exchange.parameters.front();
  if (ids.empty()) co_return refused("getting enrollment ids: empty path", false);
  const auto parameter = http::query_parameter(exchange.request.query(), "nopush");
  const bool no_push = parameter && !parameter->empty();

  FanOut order;
  order.ids = split_ids(ids);
  order.push = no_push ? FanOut::Push::none : FanOut::Push::now;
  if (order.ids.size() > parts.options.enrolments_max) {
    co_return refused("too many enrollment ids in one request", false);
  }
  if (exchange.request.body.empty()) {
    if (no_push) co_return refused("must enqueue or push", true);
    parts.log.warning("enqueue without a command: only pushed", {{"enrolments", order.ids.size()}});
  } else {
    Result<mdm::Command> command = mdm::parse_command(exchange.request.body);
    if (!command) co_return refused("decoding command: " + command.error().detail, false);
    order.command = *std::move(command);
  }
  const RequestOutcome outcome = co_await fan_out(parts, std::move(order));
  co_return nanomdm_reply(outcome);
}

}  // namespace reveille::admin
