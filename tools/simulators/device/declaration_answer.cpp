#include "tools/simulators/device/declaration_answer.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace reveille::simulators::device {
namespace {

namespace json = boost::json;

bool has_text(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() && !value->get_string().empty();
}

std::string fault_of_tokens(const json::object& answer) {
  const json::value* tokens = answer.if_contains("SyncTokens");
  if (tokens == nullptr || !tokens->is_object()) return "no SyncTokens";
  const json::object& object = tokens->get_object();
  if (!has_text(object, "DeclarationsToken")) return "no DeclarationsToken";
  return has_text(object, "Timestamp") ? "" : "no Timestamp";
}

std::string fault_of_items(const json::object& answer) {
  if (!has_text(answer, "DeclarationsToken")) return "no DeclarationsToken";
  const json::value* kinds = answer.if_contains("Declarations");
  if (kinds == nullptr || !kinds->is_object()) return "no Declarations";
  for (const char* kind : {"Activations", "Assets", "Configurations", "Management"}) {
    const json::value* items = kinds->get_object().if_contains(kind);
    if (items == nullptr || !items->is_array()) return fmt::format("no array of {}", kind);
  }
  return {};
}

std::string fault_of_declaration(const json::object& answer) {
  for (const char* key : {"Type", "Identifier", "ServerToken"}) {
    if (!has_text(answer, key)) return fmt::format("no {}", key);
  }
  return {};
}

}  // namespace

std::string fault_of_declaration_answer(std::string_view endpoint, const http::Response& response,
                                        bool is_served) {
  if (!is_served) {
    return response.status / 100 == 2 ? "accepted, although it is not served" : "";
  }
  const bool is_declaration = endpoint.starts_with("declaration/");
  if (is_declaration && response.status == 404) return {};
  if (response.status != 200) return fmt::format("HTTP {}", response.status);
  if (endpoint == "status") return response.body.empty() ? "" : "a body where none belongs";
  boost::system::error_code error;
  const json::value answer = json::parse(response.body, error);
  if (error || !answer.is_object()) return "no JSON object";
  if (is_declaration) return fault_of_declaration(answer.get_object());
  return endpoint == "tokens" ? fault_of_tokens(answer.get_object())
                              : fault_of_items(answer.get_object());
}

}  // namespace reveille::simulators::device
