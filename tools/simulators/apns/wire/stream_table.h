#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "protocol/base/bytes.h"
#include "tools/simulators/apns/push.h"
#include "tools/simulators/apns/wire/frames.h"

namespace reveille::simulators::apns::wire {

// A stream that is open: its request may still come, its answer has not gone out whole.
struct OpenStream {
  StreamId id = 0;
  bool complete = false;  // the peer's END_STREAM came
  bool answered = false;
  std::int64_t receive_window = 0;
  std::int64_t consumed = 0;  // of the receive window, not given back yet
  std::int64_t send_window = 0;
  std::optional<std::uint64_t> content_length;  // as the head has it
  std::uint64_t body_bytes = 0;                 // that came, kept or not
  Bytes unsent_body;                            // of an answer that the peer's windows hold back
  Push push;
};

// The open streams of a connection by id: open addressing. Streams keep their place in memory, and
// closed ones their buffers for the next.
class StreamTable {
 public:
  StreamTable() : places_(64, nullptr) {}

  std::size_t size() const { return size_; }

  OpenStream* find(StreamId id) {
    for (std::size_t i = home_of(id);; i = (i + 1) & mask()) {
      if (places_[i] == nullptr || places_[i]->id == id) return places_[i];
    }
  }

  // `id` is not open yet.
  OpenStream& open(StreamId id) {
    if (2 * (size_ + 1) > places_.size()) grow();
    if (free_.empty()) free_.push_back(&streams_.emplace_back());
    OpenStream& stream = *free_.back();
    free_.pop_back();
    stream.id = id;
    stream.complete = stream.answered = false;
    stream.consumed = 0;
    stream.body_bytes = 0;
    stream.unsent_body.clear();
    stream.push.clear();
    place(stream);
    ++size_;
    return stream;
  }

  void close(OpenStream& stream) {
    std::size_t hole = home_of(stream.id);
    while (places_[hole] != &stream) hole = (hole + 1) & mask();
    // Whatever follows and may stand in the hole moves there, so that searches need no tombstones.
    for (std::size_t i = (hole + 1) & mask(); places_[i] != nullptr; i = (i + 1) & mask()) {
      const std::size_t way = (i - home_of(places_[i]->id)) & mask();
      if (way < ((i - hole) & mask())) continue;
      places_[hole] = places_[i];
      hole = i;
    }
    places_[hole] = nullptr;
    free_.push_back(&stream);
    --size_;
  }

  // In no order; `visit` neither opens nor closes streams.
  template <typename Visit>
  void for_each(Visit&& visit) {
    for (OpenStream* stream : places_) {
      if (stream != nullptr) visit(*stream);
    }
  }

  template <typename Predicate>
  std::vector<OpenStream*> select(Predicate&& predicate) {
    std::vector<OpenStream*> selected;
    for_each([&](OpenStream& stream) {
      if (predicate(stream)) selected.push_back(&stream);
    });
    return selected;
  }

 private:
  std::size_t mask() const { return places_.size() - 1; }
  // Scattered: ids come in a row, and streams that lie in a row make close() walk along all of it.
  std::size_t home_of(StreamId id) const { return ((id * 0x9E3779B97F4A7C15u) >> 32) & mask(); }

  void place(OpenStream& stream) {
    std::size_t i = home_of(stream.id);
    while (places_[i] != nullptr) i = (i + 1) & mask();
    places_[i] = &stream;
  }

  void grow() {
    const std::vector<OpenStream*> before = std::move(places_);
    places_.assign(before.size() * 2, nullptr);
    for (OpenStream* stream : before) {
      if (stream != nullptr) place(*stream);
    }
  }

  std::vector<OpenStream*> places_;  // a power of two, at most half full
  std::deque<OpenStream> streams_;
  std::vector<OpenStream*> free_;
  std::size_t size_ = 0;
};

}  // namespace reveille::simulators::apns::wire
