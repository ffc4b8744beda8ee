#include "dispatcher/wake/outcome.h"

namespace reveille::wake {
namespace {

using Record = storage::WakeRecord::Outcome;

Settlement rest(std::chrono::milliseconds time, storage::Time now, TopicNews topic,
                Troubles::Rest whose) {
  return {.record = Record::postponed,
          .next_due_at = now + time,
          .topic = topic,
          .token_rests = true,
          .whose_rest = whose,
          .is_our_defect = false};
}

// Whether the 410 is news: APNs can name a time before the TokenUpdate that brought this token, for
// it keeps one state for a device whose token came back.
bool is_dead(const storage::DueWake& wake, const apns::Response& response) {
  return !response.unregistered_at || *response.unregistered_at >= wake.token_updated_at;
}

}  // namespace

Settlement settle(const storage::DueWake& wake, const apns::PushOutcome& outcome,
                  std::uint32_t failures_before, const WakeOptions& options, storage::Time now,
                  Jitter& jitter) {
  const bool is_asked = outcome.response && outcome.response->status == 429;
  const auto whose = is_asked ? Troubles::Rest::asked_by_apns : Troubles::Rest::ours;
  const auto retry = [&](std::chrono::seconds first, TopicNews topic) {
    return rest(jitter.spread(back_off(first, options.retry_max, failures_before)), now, topic,
                whose);
  };
  const auto refused = [&] {
    return Settlement{.record = Record::postponed,
                      .next_due_at = now + jitter.after(options.retry_first),
                      .topic = TopicNews::refused,
                      .token_rests = false,
                      .whose_rest = Troubles::Rest::ours,
                      .is_our_defect = false};
  };
  const auto parked = [](TopicNews topic, std::optional<storage::Time> given_up_at = {}) {
    return Settlement{.record = Record::parked,
                      .next_due_at = given_up_at,
                      .topic = topic,
                      .token_rests = false,
                      .whose_rest = Troubles::Rest::ours,
                      .is_our_defect = false};
  };
  if (outcome.is_of_other_topic) return refused();
  if (!outcome.response) return retry(options.retry_first, TopicNews::failed);

  switch (apns::judge(*outcome.response)) {
    case apns::Verdict::accepted:
      return {
          .record = Record::pushed,
          .next_due_at = next_push_at(options.silence, options.long_silence, wake.attempts,
                                      wake.attempts > 0 ? wake.first_pushed_at : now, now, jitter),
          .topic = TopicNews::accepted,
          .token_rests = false,
          .whose_rest = Troubles::Rest::ours,
          .is_our_defect = false};
    case apns::Verdict::token_dead:
      if (!is_dead(wake, *outcome.response)) {
        return retry(options.token_busy_first, TopicNews::answered);
      }
      if (options.unreachable_after.count() == 0) return parked(TopicNews::answered);
      return parked(TopicNews::answered, now + options.unreachable_after);
    case apns::Verdict::token_unusable:
      return parked(TopicNews::doubtful);
    case apns::Verdict::token_busy:
      return retry(options.token_busy_first, TopicNews::answered);
    case apns::Verdict::topic_refused:
      return refused();
    case apns::Verdict::retry:
      return retry(options.retry_first, TopicNews::failed);
    case apns::Verdict::our_defect:
      break;
  }
  Settlement defect = rest(jitter.spread(options.defect_rest), now, TopicNews::doubtful, whose);
  defect.is_our_defect = true;
  return defect;
}

Settlement settle_parked(const storage::DueWake& wake, const WakeOptions& options,
                         storage::Time now) {
  Settlement settlement{.record = Record::parked,
                        .next_due_at = {},
                        .topic = TopicNews::answered,
                        .token_rests = false,
                        .whose_rest = Troubles::Rest::ours,
                        .is_our_defect = false};
  if (options.unreachable_after.count() == 0) return settlement;
  const storage::Time given_up_at = wake.last_seen_at + options.unreachable_after;
  if (given_up_at > now) {
    settlement.next_due_at = given_up_at;
  } else {
    settlement.record = Record::unreachable;
  }
  return settlement;
}

std::string_view reason_of(const apns::PushOutcome& outcome) {
  if (!outcome.response) return outcome.failure;
  return outcome.response->reason_text;
}

}  // namespace reveille::wake
