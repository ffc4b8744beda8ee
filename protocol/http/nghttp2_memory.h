#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace reveille::http {

// The memory of one nghttp2 session: blocks of a few sizes, kept for the next use. A session takes
// and gives back the same dozen blocks for each request; a general allocator is a tenth of its time.
//
//   block: size class 8 bytes | padding 8 | what nghttp2 sees, aligned to 16
//
// Memory: grows to the session's peak and is freed with this. Threads: the session's own.
class Nghttp2Memory {
 public:
  Nghttp2Memory();
  ~Nghttp2Memory() = default;
  Nghttp2Memory(const Nghttp2Memory&) = delete;
  Nghttp2Memory& operator=(const Nghttp2Memory&) = delete;

  // For nghttp2_session_client_new3 and its like, which copy it.
  nghttp2_mem* functions() { return &functions_; }

 private:
  static constexpr std::size_t step_bytes = 64;
  static constexpr std::size_t classes = 32;  // up to 2 KiB; what is larger comes from malloc
  static constexpr std::size_t slab_bytes = 64 * 1024;

  struct Block {
    std::size_t size_class;
    Block* next;  // while it is free
  };
  static_assert(sizeof(Block) == 16);

  void* take(std::size_t bytes);
  void give_back(void* memory);
  void* resize(void* memory, std::size_t bytes);
  void cut_slab(std::size_t size_class);

  nghttp2_mem functions_;
  std::array<Block*, classes> free_{};
  std::vector<std::unique_ptr<std::byte[]>> slabs_;
};

}  // namespace reveille::http
