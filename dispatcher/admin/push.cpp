#include <utility>

#include "dispatcher/admin/fan_out.h"
#include "dispatcher/admin/resources.h"

namespace reveille::admin {

Reply push(const Parts& parts, const Exchange& exchange) {
  const std::string& ids = exchange.parameters.front();
  FanOut order;
  if (!ids.empty()) order.ids = split_ids(ids);
  if (order.ids.empty() || order.ids.size() > parts.options.enrolments_max) {
    RequestOutcome refused;
    refused.push_error = ids.empty() ? "getting enrollment ids: empty path"
                                     : "too many enrollment ids in one request";
    co_return nanomdm_reply(refused);
  }
  const RequestOutcome outcome = co_await fan_out(parts, std::move(order));
  co_return nanomdm_reply(outcome);
}

}  // namespace reveille::admin
