#include "storage/batch_step.h"

#include <algorithm>

namespace reveille::storage {

BatchWork work_of(const Batch& batch, BatchPhase phase, Time now) {
  if (phase == BatchPhase::done) return BatchWork::nothing;
  if (phase == BatchPhase::withdrawing) return BatchWork::withdraw;
  if (batch.state == BatchState::cancelled || batch.has_expired(now)) return BatchWork::withdraw;
  const bool expands = phase == BatchPhase::expanding && batch.state == BatchState::running;
  return expands ? BatchWork::expand : BatchWork::nothing;
}

DeliveryState withdrawn_as(const Batch& batch) {
  return batch.state == BatchState::cancelled ? DeliveryState::cancelled : DeliveryState::expired;
}

bool is_of(AudienceKind audience, const mdm::EnrolmentId& enrolment) {
  const bool is_user_channel = enrolment.text().find(':') != std::string::npos;
  switch (audience) {
    case AudienceKind::all_devices:
      return !is_user_channel;
    case AudienceKind::all_users:
      return is_user_channel;
    case AudienceKind::ids:
    case AudienceKind::all:
      break;
  }
  return true;
}

std::uint64_t& count_of(BatchCounts& counts, Enqueued answer) {
  switch (answer) {
    case Enqueued::queued:
      break;
    case Enqueued::already_queued:
      return counts.already_queued;
    case Enqueued::not_found:
      return counts.not_found;
    case Enqueued::not_enrolled:
      return counts.not_enrolled;
    case Enqueued::queue_full:
      return counts.queue_full;
  }
  return counts.live;
}

std::uint64_t& count_of(BatchCounts& counts, DeliveryState state) {
  switch (state) {
    case DeliveryState::queued:
    case DeliveryState::sent:
      break;
    case DeliveryState::acknowledged:
      return counts.acknowledged;
    case DeliveryState::failed:
      return counts.failed;
    case DeliveryState::cancelled:
      return counts.cancelled;
    case DeliveryState::expired:
      return counts.expired;
    case DeliveryState::voided:
      return counts.voided;
  }
  return counts.live;
}

void add(BatchCounts& counts, const BatchCounts& share) {
  counts.audience += share.audience;
  counts.not_found += share.not_found;
  counts.not_enrolled += share.not_enrolled;
  counts.queue_full += share.queue_full;
  counts.already_queued += share.already_queued;
  counts.live += share.live;
  counts.acknowledged += share.acknowledged;
  counts.failed += share.failed;
  counts.cancelled += share.cancelled;
  counts.expired += share.expired;
  counts.voided += share.voided;
  for (std::size_t phase = 0; phase < counts.partitions.size(); ++phase) {
    counts.partitions[phase] += share.partitions[phase];
  }
}

void set_audience(BatchCounts& counts, const Batch& batch) {
  if (batch.audience != AudienceKind::ids) return;
  const std::uint64_t walked = counts.audience;
  counts.audience = std::max(batch.audience_ids, walked);
  counts.unexpanded = counts.audience - walked;
}

bool is_same_order(const Batch& one, const Batch& other) {
  return one.id == other.id && one.command == other.command && one.audience == other.audience &&
         one.audience_ids == other.audience_ids && one.rate_per_second == other.rate_per_second &&
         one.expires_at == other.expires_at && one.priority == other.priority;
}

}  // namespace reveille::storage
