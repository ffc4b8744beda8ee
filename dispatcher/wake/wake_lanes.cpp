#include "dispatcher/wake/wake_lanes.h"

#include <utility>

#include "dispatcher/wake/lane.h"
#include "protocol/base/ensure.h"

namespace reveille::wake {

WakeLanes::WakeLanes(StorageLanes& storage, const Clock& clock, RandomSource& random, Log& log,
                     const WakeOptions& options) {
  ensure(options.in_flight_max > 0 && options.requests_max > 0, "room for one wake");
  std::vector<std::vector<storage::Partition>> partitions(storage.lane_count());
  for (std::uint8_t index = 0; index < storage::Partition::count; ++index) {
    partitions[storage.lane_of({index})].push_back({index});
  }
  for (std::size_t lane = 0; lane < partitions.size(); ++lane) {
    lanes_.push_back(std::make_unique<Lane>(static_cast<std::uint8_t>(lane),
                                            std::move(partitions[lane]), storage, clock, random,
                                            log, options));
  }
}

WakeLanes::~WakeLanes() = default;

void WakeLanes::connect(SubmitPush submit) {
  for (const auto& lane : lanes_) lane->connect(submit);
}

void WakeLanes::start() {
  for (const auto& lane : lanes_) lane->start();
}

void WakeLanes::stop() {
  for (const auto& lane : lanes_) lane->stop();
}

void WakeLanes::on_outcome(apns::PushOutcome outcome) {
  const std::uint8_t lane = FlightTable::lane_of(outcome.ticket);
  ensure(lane < lanes_.size(), "the ticket is one of a lane's");
  lanes_[lane]->on_outcome(std::move(outcome));
}

void WakeLanes::notify(storage::Partition partition, storage::Priority priority) {
  lanes_[partition.index % lanes_.size()]->notify(partition, priority);
}

Result<void> WakeLanes::wake(storage::DueWake& target, WakeReply& reply) {
  const storage::Partition partition = storage::partition_of(target.enrolment);
  return lanes_[partition.index % lanes_.size()]->wake(target, reply);
}

Statistics WakeLanes::statistics() const {
  Statistics sum;
  for (const auto& lane : lanes_) sum += lane->statistics();
  return sum;
}

void WakeLanes::resume_topic() {
  for (const auto& lane : lanes_) lane->resume_topic();
}

}  // namespace reveille::wake
