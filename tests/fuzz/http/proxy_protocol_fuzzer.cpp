#include <cstdint>

#include "protocol/base/ensure.h"
#include "protocol/http/proxy_header.h"

using reveille::http::ProxyHeaderReader;

// However the bytes are cut, the same is taken and the same source is read.
namespace {

struct Outcome {
  std::size_t taken = 0;
  bool whole = false, broken = false;
  std::optional<std::string> source;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome read(std::string_view bytes, std::size_t piece) {
  ProxyHeaderReader reader;
  Outcome outcome;
  std::size_t at = 0;
  while (!reader.is_whole() && at < bytes.size()) {
    const auto taken = reader.feed(bytes.substr(at, piece));
    outcome.broken = !taken;
    if (!taken) return outcome;
    reveille::ensure(*taken > 0 && *taken <= piece, "it takes some of what there is");
    at += *taken;
  }
  outcome.taken = at;
  outcome.whole = reader.is_whole();
  outcome.source = reader.source();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome at_once = read(bytes, size + 1);
  reveille::ensure(at_once.taken <= 16 + ProxyHeaderReader::v2_bytes_max, "it is bounded");
  reveille::ensure(at_once == read(bytes, 1), "the cuts do not matter");
  return 0;
}
