#include <utility>

#include "dispatcher/admin/command_request.h"
#include "dispatcher/admin/fan_out.h"
#include "dispatcher/admin/replies.h"
#include "dispatcher/admin/resources.h"

namespace reveille::admin {

Reply create_command(const Parts& parts, const Exchange& exchange) {
  Result<CommandRequest> request =
      parse_command_request(exchange.request.body, parts.options.enrolments_max, parts.random);
  if (!request) co_return error_reply(request.error());
  FanOut order;
  order.ids = std::move(request->enrolments);
  order.command = std::move(request->command);
  order.push = request->push ? FanOut::Push::now : FanOut::Push::none;
  const RequestOutcome outcome = co_await fan_out(parts, std::move(order));
  if (outcome.command_error.empty()) co_return our_reply(outcome);
  const bool taken = outcome.command_error.starts_with("command already exists");
  co_return error_reply(taken ? 409 : 503, outcome.command_error);
}

Reply create_wakes(const Parts& parts, const Exchange& exchange) {
  Result<CommandRequest> request =
      parse_wake_request(exchange.request.body, parts.options.enrolments_max);
  if (!request) co_return error_reply(request.error());
  FanOut order;
  order.ids = std::move(request->enrolments);
  order.push = FanOut::Push::durable;
  const RequestOutcome outcome = co_await fan_out(parts, std::move(order));
  co_return our_reply(outcome);
}

}  // namespace reveille::admin
