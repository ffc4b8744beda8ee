#include "protocol/plist/fields.h"

namespace reveille::plist {

void Fields::fail(std::string detail) {
  if (!failure_) failure_ = Error{ErrorCode::malformed, std::move(detail)};
}

// The value of `key` when it is there and of the right type; nullptr from the first failure on.
template <typename Kind>
const Kind* Fields::find(std::string_view key, const char* kind_name) {
  if (failure_) return nullptr;
  const Value* value = dictionary_.find(key);
  if (value == nullptr) return nullptr;
  const Kind* found = value->get_if<Kind>();
  if (found == nullptr) fail(std::string(key) + " is not " + kind_name);
  return found;
}

std::string Fields::required_string(std::string_view key) {
  const auto* text = find<std::string>(key, "a string");
  if (text == nullptr || text->empty()) {
    fail(std::string(key) + " is missing");
    return {};
  }
  return *text;
}

Bytes Fields::required_data(std::string_view key) {
  const auto* data = find<Data>(key, "data");
  if (data == nullptr) {
    fail(std::string(key) + " is missing");
    return {};
  }
  return data->bytes;
}

std::optional<std::string> Fields::optional_string(std::string_view key) {
  const auto* text = find<std::string>(key, "a string");
  if (text == nullptr || text->empty()) return std::nullopt;
  return *text;
}

std::optional<Bytes> Fields::optional_data(std::string_view key) {
  const auto* data = find<Data>(key, "data");
  if (data == nullptr) return std::nullopt;
  return data->bytes;
}

std::optional<bool> Fields::optional_bool(std::string_view key) {
  const auto* value = find<bool>(key, "a boolean");
  if (value == nullptr) return std::nullopt;
  return *value;
}

std::optional<std::int64_t> Fields::optional_integer(std::string_view key) {
  const auto* integer = find<Integer>(key, "an integer");
  if (integer == nullptr) return std::nullopt;
  if (integer->above_signed_range) {
    fail(std::string(key) + " is too large");
    return std::nullopt;
  }
  return integer->value;
}

const Array* Fields::optional_array(std::string_view key) { return find<Array>(key, "an array"); }

const Dictionary* Fields::optional_dictionary(std::string_view key) {
  return find<Dictionary>(key, "a dictionary");
}

}  // namespace reveille::plist
