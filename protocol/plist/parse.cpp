#include "protocol/plist/parse.h"

#include <utility>

#include "protocol/plist/binary_reader.h"
#include "protocol/plist/xml_reader.h"

namespace reveille::plist {
namespace {

Result<Value> read(BytesView bytes, const Limits& limits, BadScalars bad_scalars,
                   const Wanted* wanted) {
  if (bytes.empty()) return failure(ErrorCode::malformed, "byte 0: the property list is empty");
  if (bytes.starts_with("bplist00")) return read_binary(bytes, limits, wanted);
  if (bytes.starts_with("bplist")) {
    return failure(ErrorCode::malformed, "byte 6: unknown version of binary property lists");
  }
  return read_xml(bytes, limits, bad_scalars, wanted);
}

Result<Dictionary> dictionary_in(Result<Value> value) {
  if (!value) return std::unexpected(std::move(value.error()));
  Dictionary* dictionary = value->get_if<Dictionary>();
  if (dictionary == nullptr) {
    return failure(ErrorCode::malformed, "the property list is not a dictionary");
  }
  return std::move(*dictionary);
}

}  // namespace

Result<Value> parse(BytesView bytes, const Limits& limits, BadScalars bad_scalars) {
  return read(bytes, limits, bad_scalars, nullptr);
}

Result<Dictionary> parse_dictionary(BytesView bytes, const Limits& limits, BadScalars bad_scalars) {
  return dictionary_in(read(bytes, limits, bad_scalars, nullptr));
}

Result<Dictionary> parse_values_of(std::span<const std::string_view> keys, BytesView bytes,
                                   const Limits& limits, BadScalars bad_scalars) {
  const Wanted wanted(keys);
  return dictionary_in(read(bytes, limits, bad_scalars, &wanted));
}

}  // namespace reveille::plist
