#include "tools/simulators/apns/push_ledger.h"

#include <utility>

namespace reveille::simulators::apns {
namespace {

constexpr std::size_t ended_connections_max = 10'000;
constexpr std::uint32_t unread_milliseconds = 1'000;

bool was_accepted(Outcome outcome) {
  return outcome == Outcome::accepted || outcome == Outcome::accepted_lost;
}

}  // namespace

PushLedger::PushLedger(const LedgerOptions& options) : options_(options), ids_(options.ids_max) {
  tokens_.resize(1024);
}

void PushLedger::expect(std::uint64_t token, const ApnsId& id) const {
  __builtin_prefetch(&tokens_[token & (tokens_.size() - 1)], 1);
  ids_.expect(id);
}

void PushLedger::record(const Push& push, Outcome outcome) {
  record_id(push, outcome);
  Token* token = token_of(push.token);
  if (token == nullptr) return;
  const bool owes = outcome != Outcome::accepted && outcome != Outcome::rejected &&
                    outcome != Outcome::accepted_lost;
  if (owes != token->owed) counts_.owed += owes ? 1 : static_cast<std::uint64_t>(-1);
  token->owed = owes;
  if (!was_accepted(outcome)) return;
  const bool again = std::exchange(token->accepted, true);
  if (!again) ++counts_.tokens_accepted;
  if (again && push.now_milliseconds - token->accepted_at_milliseconds <
                   options_.repeat_window_milliseconds) {
    ++counts_.repeats;
  }
  token->accepted_at_milliseconds = push.now_milliseconds;
}

void PushLedger::record_id(const Push& push, Outcome outcome) {
  if (push.id == ApnsId()) return;
  IdRecord record{.id = push.id,
                  .token = push.token,
                  .answered_at_milliseconds = push.now_milliseconds,
                  .connection = push.connection & 0x3fffffff,
                  .accepted = was_accepted(outcome),
                  .answer_lost = outcome == Outcome::accepted_lost};
  IdRecord* before = ids_.find(push.id);
  if (before == nullptr) return ids_.add(record);
  if (before->token != push.token) ++counts_.ids_misused;
  if (before->accepted && record.accepted) {
    ++counts_.doubles;
    if (before->answer_lost || may_be_unread(*before)) ++counts_.doubles_explained;
  }
  if (before->accepted && !record.accepted) return;  // it stays the one that the device got
  *before = record;
}

bool PushLedger::may_be_unread(const IdRecord& record) const {
  const auto ended = ended_at_.find(record.connection);
  return ended != ended_at_.end() &&
         ended->second - record.answered_at_milliseconds <= unread_milliseconds;
}

void PushLedger::connection_ended(std::uint32_t connection, std::uint32_t now_milliseconds) {
  ended_at_[connection] = now_milliseconds;
  ended_.push_back(connection);
  if (ended_.size() <= ended_connections_max) return;
  ended_at_.erase(ended_.front());
  ended_.pop_front();
}

PushLedger::Token* PushLedger::token_of(std::uint64_t mark) {
  const std::size_t mask = tokens_.size() - 1;
  std::size_t i = mark & mask;
  while (tokens_[i].mark != 0 && tokens_[i].mark != mark) i = (i + 1) & mask;
  if (tokens_[i].mark == mark) return &tokens_[i];
  if (counts_.tokens >= options_.tokens_max) {
    counts_.overflowed = true;
    return nullptr;
  }
  if (2 * (counts_.tokens + 1) > tokens_.size()) {
    grow();
    return token_of(mark);
  }
  ++counts_.tokens;
  tokens_[i].mark = mark;
  return &tokens_[i];
}

void PushLedger::grow() {
  const std::vector<Token> before = std::move(tokens_);
  tokens_.assign(before.size() * 2, Token());
  const std::size_t mask = tokens_.size() - 1;
  for (const Token& token : before) {
    if (token.mark == 0) continue;
    std::size_t i = token.mark & mask;
    while (tokens_[i].mark != 0) i = (i + 1) & mask;
    tokens_[i] = token;
  }
}

}  // namespace reveille::simulators::apns
