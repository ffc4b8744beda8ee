#include <fmt/format.h>

#include <algorithm>

#include "tools/simulators/apns/behaviour_parse.h"

// The schema of [[always.push]] and [[phase.push]].
namespace reveille::simulators::apns {
namespace {

using reveille::apns::Reason;
constexpr std::int64_t many = 1'000'000'000'000;

void read_answer(TableReader& table, PushFault& fault) {
  std::string reason(reveille::apns::name_of(fault.reason));
  table.text("reason", reason);
  fault.reason = reveille::apns::parse_reason(reason);
  if (fault.reason == Reason::unknown || fault.reason == Reason::none) {
    table.fail("reason", fmt::format("\"{}\" is none that APNs gives, such as TooManyRequests; for "
                                     "others write body = \"unknown_reason\" and a status",
                                     reason));
  }
  fault.status = reveille::apns::status_of(fault.reason);
  table.number("status", 400, 599, fault.status);
  using Body = PushFault::Body;
  table.choice<Body>("body",
                     {{"json", Body::json},
                      {"none", Body::none},
                      {"text", Body::text},
                      {"unknown_reason", Body::unknown_reason}},
                     fault.body);
  std::int64_t ago = 0;
  table.whole("unregistered_seconds_ago", -many / 1000, many / 1000, ago);
  fault.unregistered_before = std::chrono::seconds(ago);
  if (table.has("retry_after_seconds")) {
    std::int64_t seconds = 0;
    table.whole("retry_after_seconds", 0, 86'400, seconds);
    fault.retry_after_seconds = seconds;
  }
}

bool is_token_pattern(std::string_view pattern) {
  if (pattern.ends_with('*')) pattern.remove_suffix(1);
  return std::ranges::all_of(pattern, [](char digit) {
    return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
  });
}

}  // namespace

PushFault read_push_fault(TableReader table) {
  using Kind = PushFault::Kind;
  PushFault fault;
  table.choice<Kind>("do",
                     {{"answer", Kind::answer},
                      {"refuse", Kind::refuse},
                      {"reset", Kind::reset},
                      {"stall", Kind::stall},
                      {"cut", Kind::cut}},
                     fault.kind);
  if (!table.has("do")) table.fail("do", "is missing: answer, refuse, reset, stall or cut");
  table.share("rate", fault.rate);
  std::vector<std::string> tokens;
  table.texts("tokens", tokens);
  if (!std::ranges::all_of(tokens, is_token_pattern)) {
    table.fail("tokens", "are lower-case hexadecimal, with * at the end for all that begin so");
  }
  fault.tokens = TokenSelector(tokens);
  if (table.has("times")) {
    std::uint64_t times = 0;
    table.number("times", 0, many, times);
    fault.times = times;
  }
  const bool loses = fault.kind != Kind::answer && fault.kind != Kind::refuse;
  if (fault.kind == Kind::answer) read_answer(table, fault);
  if (fault.kind == Kind::reset) table.error_code("code", fault.error_code);
  if (fault.kind == Kind::cut || fault.kind == Kind::stall) {
    table.number("answer_bytes", 0, 65'536, fault.answer_bytes);
  }
  if (loses) table.flag("processed", fault.processed);
  table.finish();
  return fault;
}

}  // namespace reveille::simulators::apns
