#include "dispatcher/device/sign_in_again.h"

#include <utility>

#include "dispatcher/enrolment/text_response.h"
#include "dispatcher/runtime/run_in_storage.h"

namespace reveille::device {
namespace {

using Work = std::move_only_function<Result<bool>(storage::Transaction&)>;

bool is_mac(std::string_view product_name, std::string_view model_name) {
  // Macs alone say a model's name (mdm/checkin/authenticate.yaml).
  return product_name.find("Mac") != std::string_view::npos || !model_name.empty();
}

boost::asio::awaitable<Result<bool>> is_mac_by_record(Parts& parts, mdm::EnrolmentId device) {
  const storage::Partition partition = storage::partition_of(device);
  Work work = [device = std::move(device)](storage::Transaction& transaction) -> Result<bool> {
    const auto enrolment = transaction.find_enrolment(device);
    if (!enrolment) return std::unexpected(enrolment.error());
    return *enrolment && is_mac((*enrolment)->product_name, (*enrolment)->model_name);
  };
  co_return co_await run_in_storage<bool>(parts.storage, partition, std::move(work));
}

http::Response challenge_response(std::string challenge) {
  http::Response response = text_response(401, "sign in again");
  response.headers.push_back({"www-authenticate", std::move(challenge)});
  return response;
}

}  // namespace

boost::asio::awaitable<std::optional<http::Response>> sign_in_again(
    Parts& parts, const mdm::Identity& identity, const mdm::Authenticate* authenticate,
    const Caller& caller, const Sender& sender) {
  AccessTokens* tokens = parts.services.access_tokens.get();
  if (tokens == nullptr) co_return std::nullopt;
  if (!identity.is_user_channel()) {
    Result<bool> mac = false;
    if (authenticate != nullptr) {
      mac = is_mac(authenticate->product_name.value_or(""), authenticate->model_name.value_or(""));
    } else {
      mac = co_await is_mac_by_record(parts, identity.device);
    }
    if (!mac) co_return refuse(parts, mac.error(), sender);
    if (*mac) co_return std::nullopt;
  }
  auto challenge = co_await tokens->challenge(identity, caller.access_token);
  if (!challenge) co_return refuse(parts, challenge.error(), sender);
  if (!*challenge) co_return std::nullopt;
  const Refused refused{.refusal = Refusal::access_token_wrong, .detail = {}};
  http::Response safe = refuse(parts, refused, sender);
  // Without the header a 401 might unenrol.
  if (!(*challenge)->starts_with("Bearer ")) co_return safe;
  co_return challenge_response(**std::move(challenge));
}

}  // namespace reveille::device
