#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "tools/simulators/apns/recent_ids.h"

namespace reveille::simulators::apns {

// What became of a push, as its provider can tell.
enum class Outcome {
  accepted,       // 200
  rejected,       // an answer for good: the token or the request is wrong
  put_off,        // an answer that asks to try again: 429, 5xx
  turned_away,    // not processed, and the provider was told so: REFUSED_STREAM, GOAWAY
  lost,           // not processed, and the provider cannot know: reset, stalled, cut, withdrawn
  accepted_lost,  // processed, and the provider cannot know
};

struct LedgerOptions {
  std::size_t tokens_max = 4'000'000;
  std::size_t ids_max = 1'000'000;  // between so many and twice as many are remembered
  std::uint32_t repeat_window_milliseconds = 1'000;
};

// Counts what a good provider avoids: pushes sent twice, tokens pushed again at once, pushes that
// were never made good after they failed.
//
// Memory: tables at most half full, of 16 bytes a token up to tokens_max, and of 32 bytes an id.
class PushLedger {
 public:
  explicit PushLedger(const LedgerOptions& options);

  struct Push {
    std::uint64_t token = 0;  // its mark: see mark_of()
    ApnsId id;
    std::uint32_t connection = 0;
    std::uint32_t now_milliseconds = 0;  // since the start
  };
  // record() will soon be called for these: fetches the memory that it will read, at ten times the
  // cost of all else in there.
  void expect(std::uint64_t token, const ApnsId& id) const;
  void record(const Push& push, Outcome outcome);
  // Answers of its last second may not have been read.
  void connection_ended(std::uint32_t connection, std::uint32_t now_milliseconds);

  struct Counts {
    std::uint64_t doubles = 0;            // an apns-id was accepted again
    std::uint64_t doubles_explained = 0;  // of these: the provider could not know of the first
    std::uint64_t ids_misused = 0;        // an apns-id came again with another token
    std::uint64_t repeats = 0;            // a token was accepted again within the window
    std::uint64_t tokens = 0;             // ever pushed
    std::uint64_t tokens_accepted = 0;    // of these: at least once
    // Of these: the last push failed in a way that asks for another, which has not come.
    std::uint64_t owed = 0;
    bool overflowed = false;  // more than tokens_max: the last three are about the first ones
  };
  const Counts& counts() const { return counts_; }

 private:
  struct Token {
    std::uint64_t mark = 0;  // 0: free
    std::uint32_t accepted_at_milliseconds = 0;
    bool accepted = false;
    bool owed = false;
  };

  Token* token_of(std::uint64_t mark);
  void grow();
  void record_id(const Push& push, Outcome outcome);
  bool may_be_unread(const IdRecord& record) const;

  const LedgerOptions options_;
  Counts counts_;
  std::vector<Token> tokens_;  // a power of two, at most half full
  RecentIds ids_;
  std::unordered_map<std::uint32_t, std::uint32_t> ended_at_;  // connection -> milliseconds
  std::deque<std::uint32_t> ended_;                            // the same, oldest first
};

}  // namespace reveille::simulators::apns
