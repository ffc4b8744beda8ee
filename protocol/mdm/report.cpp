#include "protocol/mdm/report.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "protocol/mdm/plain_text.h"
#include "protocol/plist/fields.h"
#include "protocol/plist/parse.h"

namespace reveille::mdm {
namespace {

constexpr Status statuses[] = {Status::idle, Status::acknowledged, Status::error,
                               Status::command_format_error, Status::not_now};

std::optional<Status> status_named(std::string_view name) {
  for (const Status status : statuses) {
    if (name == name_of(status)) return status;
  }
  return std::nullopt;
}

std::string string_in(const plist::Dictionary& dictionary, std::string_view key) {
  const plist::Value* value = dictionary.find(key);
  const auto* text = value == nullptr ? nullptr : value->get_if<std::string>();
  return text == nullptr ? std::string() : *text;
}

ErrorChainItem read_item(const plist::Dictionary& dictionary) {
  ErrorChainItem item{
      .code = 0,
      .domain = string_in(dictionary, "ErrorDomain"),
      .description = string_in(dictionary, "USEnglishDescription"),
  };
  const plist::Value* code = dictionary.find("ErrorCode");
  const auto* integer = code == nullptr ? nullptr : code->get_if<plist::Integer>();
  if (integer != nullptr) item.code = integer->value;
  if (item.description.empty()) item.description = string_in(dictionary, "LocalizedDescription");
  return item;
}

// What does not look like a chain is left out and fails nothing: it is for people to read, and a
// device whose report is refused sends the same one for ever.
std::vector<ErrorChainItem> read_error_chain(const plist::Dictionary& message) {
  std::vector<ErrorChainItem> chain;
  const plist::Value* value = message.find("ErrorChain");
  const auto* items = value == nullptr ? nullptr : value->get_if<plist::Array>();
  if (items == nullptr) return chain;
  for (const plist::Value& item : *items) {
    if (const auto* dictionary = item.get_if<plist::Dictionary>()) {
      chain.push_back(read_item(*dictionary));
    }
  }
  return chain;
}

// What is read of a report, those of its identity last. However long it is, no more is built.
constexpr auto keys_read = [] {
  constexpr std::array<std::string_view, 6> own = {
      "Status", "CommandUUID", "ErrorChain", "NeedSyncResponse", "UserConfiguration", "AuthToken"};
  std::array<std::string_view, own.size() + identity_keys.size()> all;
  std::ranges::copy(identity_keys, std::ranges::copy(own, all.begin()).out);
  return all;
}();
constexpr plist::Limits limits{
    .depth_max = 64, .objects_max = 65'536, .expanded_bytes_max = 4u << 20};

}  // namespace

const char* name_of(Status status) {
  switch (status) {
    case Status::idle:
      return "Idle";
    case Status::acknowledged:
      return "Acknowledged";
    case Status::error:
      return "Error";
    case Status::command_format_error:
      return "CommandFormatError";
    case Status::not_now:
      return "NotNow";
  }
  return "unknown";
}

// A device repeats a report that is refused until it is taken, and gets no command meanwhile. What
// we need of it is strings; a broken value elsewhere is for whoever reads the stored bytes.
Result<Report> parse_report(BytesView body) {
  const Result<plist::Dictionary> message =
      plist::parse_values_of(keys_read, body, limits, plist::BadScalars::kept_as_text);
  if (!message) return std::unexpected(message.error());
  plist::Fields fields(*message);
  Report report{
      .identity = read_identity(fields),
      .status = Status::idle,
      .command_uuid = {},
      .error_chain = read_error_chain(*message),
      .need_sync_response = fields.optional_bool("NeedSyncResponse").value_or(false),
      .user_configuration = fields.optional_bool("UserConfiguration").value_or(false),
      .auth_token = {},
  };
  if (auto token = fields.optional_string("AuthToken")) report.auth_token = {*std::move(token)};
  const std::string name = fields.required_string("Status");
  const std::optional<Status> status = status_named(name);
  if (!status) fields.fail("unknown Status " + printable_start(name));
  report.status = status.value_or(Status::idle);
  if (report.status != Status::idle) report.command_uuid = fields.required_string("CommandUUID");
  return fields.finish(std::move(report));
}

}  // namespace reveille::mdm
