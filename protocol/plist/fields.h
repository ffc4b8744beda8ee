#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/base/error.h"
#include "protocol/plist/value.h"

namespace reveille::plist {

// Reads one dictionary as the schema of a message, with one check at the end: remembers the first
// field that fails and yields empty values from then on. Borrows the dictionary.
class Fields {
 public:
  explicit Fields(const Dictionary& dictionary) : dictionary_(dictionary) {}

  // Absent, of another type, or an empty string: fails.
  std::string required_string(std::string_view key);
  // Absent or of another type: fails. Empty data is data.
  Bytes required_data(std::string_view key);

  // Absent: nullopt. Of another type: fails. An empty string counts as absent: clients that encode
  // every key of their structure send empty ones.
  std::optional<std::string> optional_string(std::string_view key);
  std::optional<Bytes> optional_data(std::string_view key);
  std::optional<bool> optional_bool(std::string_view key);
  // Above the signed range: fails.
  std::optional<std::int64_t> optional_integer(std::string_view key);
  // Absent: nullptr. Of another type: fails. Borrowed from the dictionary.
  const Array* optional_array(std::string_view key);
  const Dictionary* optional_dictionary(std::string_view key);

  const Dictionary& dictionary() const { return dictionary_; }

  // For rules over several keys; the first failure is kept. `detail` never holds a value.
  void fail(std::string detail);
  bool failed() const { return failure_.has_value(); }

  template <typename Message>
  Result<Message> finish(Message message) {
    if (failure_) return std::unexpected(*std::move(failure_));
    return message;
  }

 private:
  template <typename Kind>
  const Kind* find(std::string_view key, const char* kind_name);

  const Dictionary& dictionary_;
  std::optional<Error> failure_;
};

}  // namespace reveille::plist
