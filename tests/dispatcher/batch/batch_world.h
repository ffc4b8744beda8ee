#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dispatcher/batch/expansion.h"
#include "dispatcher/batch/jobs.h"
#include "storage/memory/memory_store.h"

namespace reveille::batch {

using namespace std::chrono_literals;

class HandClock final : public Clock {
 public:
  WallTime wall_now() const override { return wall; }
  SteadyTime steady_now() const override { return steady; }
  void pass(std::chrono::milliseconds time) {
    wall += time;
    steady += time;
  }

  WallTime wall{std::chrono::milliseconds(1'700'000'000'000)};
  SteadyTime steady = SteadyTime{} + 1h;
};

// A store with a fleet and batches in it.
class Fleet {
 public:
  explicit Fleet(storage::Store& store) : store_(store) {}

  void run(const std::function<void(storage::Transaction&)>& work);
  // device-0, device-1, ...
  void enrol(std::size_t count, storage::Time now);

  // A batch with a command of its own; `change` sets what is not the default: everyone, no rate.
  storage::BatchId put(const std::string& id, storage::Time now,
                       const std::function<void(storage::Batch&)>& change = {});
  // The same for so many devices by their ids, in chunks of the audience.
  storage::BatchId put_for(const std::string& id, std::size_t devices, storage::Time now,
                           const std::function<void(storage::Batch&)>& change = {});
  void set(const storage::BatchId& batch, storage::BatchState state, storage::Time now);
  // Every device does all it has to do.
  void answer_all(storage::Time now);

  storage::Batch batch(const storage::BatchId& id);
  storage::BatchCounts counts(const storage::BatchId& id);
  // How many deliveries of the batch's command each device has, live or ended.
  std::map<std::string, std::size_t> deliveries(const storage::BatchId& id);

 private:
  storage::Store& store_;
  std::size_t devices_ = 0;
};

// An Expansion over a memory store of several storage lanes; the test turns the time, and each
// chunk runs when it is told to.
class BatchWorld {
 public:
  BatchWorld(std::size_t lanes, const ExpanderOptions& options);

  // A crash: what the expansion knew is gone; it finds what the store has.
  void restart();
  // Tells the expansion what the store has of it.
  void tell(const storage::BatchId& batch);

  // Runs the next chunk of any lane that has one; false: none has. `id`: only record whose.
  bool step();
  // The chunks of all lanes until none is left, without time passing.
  void settle();
  // Time passes, in the steps that the expansion asks for.
  void pass(std::chrono::milliseconds time);

  Moment now() const { return Moment::now(clock); }
  Chunk take(std::size_t lane = 0);
  ChunkResult carry(const Chunk& chunk);

  HandClock clock;
  std::unique_ptr<storage::Store> store = storage::make_memory_store({});
  Fleet fleet{*store};
  const std::size_t lanes;
  const ExpanderOptions options;
  std::unique_ptr<Expansion> expansion;
  std::vector<std::string> turns;  // whose chunks ran, in their order
  std::vector<std::size_t> sizes;  // and what each queued
};

}  // namespace reveille::batch
