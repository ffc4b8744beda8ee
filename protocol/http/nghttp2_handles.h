#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/ensure.h"

// What the two HTTP/2 sessions share: owners of nghttp2's objects, and a table of streams. Private
// to this folder: nothing else includes nghttp2.
namespace reveille::http {

struct Nghttp2Deleter {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
  void operator()(nghttp2_session_callbacks* callbacks) const {
    nghttp2_session_callbacks_del(callbacks);
  }
};
using SessionHandle = std::unique_ptr<nghttp2_session, Nghttp2Deleter>;
using OptionHandle = std::unique_ptr<nghttp2_option, Nghttp2Deleter>;
using CallbacksHandle = std::unique_ptr<nghttp2_session_callbacks, Nghttp2Deleter>;

inline OptionHandle make_option() {
  nghttp2_option* option = nullptr;
  ensure(nghttp2_option_new(&option) == 0, "nghttp2 has memory");
  return OptionHandle(option);
}

inline CallbacksHandle make_callbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  ensure(nghttp2_session_callbacks_new(&callbacks) == 0, "nghttp2 has memory");
  return CallbacksHandle(callbacks);
}

inline const std::uint8_t* bytes_of(BytesView text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

inline std::string_view text_of(const std::uint8_t* bytes, std::size_t count) {
  return {reinterpret_cast<const char*>(bytes), count};
}

// nghttp2 takes pointers to mutable bytes and never writes through them.
inline nghttp2_nv name_value(std::string_view name, std::string_view value, std::uint8_t flags) {
  return {const_cast<std::uint8_t*>(bytes_of(name)), const_cast<std::uint8_t*>(bytes_of(value)),
          name.size(), value.size(), flags};
}

inline bool ends_stream(const nghttp2_frame& frame) {
  return (frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA) &&
         (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

// Serialises frames into `output` until there are none or `bytes_max` bytes were added; the last
// frame may exceed it. Returns false on an error that ends the session.
inline bool serialise(nghttp2_session* session, Bytes& output, std::size_t bytes_max) {
  const std::size_t begin = output.size();
  while (output.size() - begin < bytes_max) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t count = nghttp2_session_mem_send(session, &bytes);
    if (count < 0) return false;
    if (count == 0) break;
    output.append(text_of(bytes, static_cast<std::size_t>(count)));
  }
  return true;
}

// Objects that keep their address and, when reused, their buffers. `Slot` has a bool `in_use`.
template <typename Slot>
class SlotTable {
 public:
  Slot& take() {
    if (free_.empty()) free_.push_back(&slots_.emplace_back());
    Slot& slot = *free_.back();
    free_.pop_back();
    slot.in_use = true;
    return slot;
  }

  void release(Slot& slot) {
    slot.in_use = false;
    free_.push_back(&slot);
  }

  std::size_t in_use() const { return slots_.size() - free_.size(); }

  template <typename Predicate>
  Slot* find(Predicate&& predicate) {
    for (Slot& slot : slots_) {
      if (slot.in_use && predicate(slot)) return &slot;
    }
    return nullptr;
  }

  template <typename Predicate>
  std::vector<Slot*> select(Predicate&& predicate) {
    std::vector<Slot*> selected;
    for (Slot& slot : slots_) {
      if (slot.in_use && predicate(slot)) selected.push_back(&slot);
    }
    return selected;
  }

 private:
  std::deque<Slot> slots_;
  std::vector<Slot*> free_;
};

}  // namespace reveille::http
