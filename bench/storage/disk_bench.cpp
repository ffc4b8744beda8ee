#include <fstream>
#include <string>

#include "bench/storage/batches.h"
#include "bench/storage/costs.h"
#include "bench/storage/fleet.h"

namespace reveille::bench {
namespace {

double bytes_on_disk(const std::filesystem::path& folder) {
  double bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    std::error_code gone;  // a compaction may take a file away meanwhile
    const auto size = entry.file_size(gone);
    if (!gone) bytes += static_cast<double>(size);
  }
  return bytes;
}

double resident_mebibytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

enum class QueuedBy { requests, batches };

void queue_for_all(Fleet& fleet, QueuedBy queued_by) {
  if (queued_by == QueuedBy::requests) {
    const mdm::CommandUuid command = fleet.put_command();
    const std::size_t devices = fleet.ids().size();
    for (std::size_t at = 0; at < devices; at += 500) fleet.enqueue(fleet.next_ids(500), command);
    return;
  }
  const storage::BatchId batch = order(fleet, storage::AudienceKind::all, {});
  for (std::uint8_t index = 0; index < storage::Partition::count; ++index) {
    expand(fleet, batch, {.index = index}, 500);
  }
}

// What a fleet of `state.range(0)` enrolments with ten queued commands each takes on disk and in
// memory, straight after it was written, with whatever RocksDB has not compacted yet.
void BM_FleetWithTenQueuedCommandsEach(benchmark::State& state, QueuedBy queued_by) {
  const auto devices = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    Fleet fleet(devices);
    for (int i = 0; i < 10; ++i) queue_for_all(fleet, queued_by);
    state.counters["disk_mib"] = bytes_on_disk(fleet.folder()) / (1 << 20);
    state.counters["disk_bytes_per_enrolment"] =
        bytes_on_disk(fleet.folder()) / static_cast<double>(devices);
    state.counters["resident_mib"] =
        resident_mebibytes() - static_cast<double>(devices) * 40 / (1 << 20);
  }
}
BENCHMARK_CAPTURE(BM_FleetWithTenQueuedCommandsEach, requests, QueuedBy::requests)
    ->Arg(20'000)
    ->Arg(200'000)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(BM_FleetWithTenQueuedCommandsEach, batches, QueuedBy::batches)
    ->Arg(200'000)
    ->Arg(1'000'000)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kSecond);

}  // namespace
}  // namespace reveille::bench
