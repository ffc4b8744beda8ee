#include "protocol/http/nghttp2_memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace reveille::http {
namespace {

constexpr std::size_t from_malloc = static_cast<std::size_t>(-1);

}  // namespace

Nghttp2Memory::Nghttp2Memory() {
  functions_.mem_user_data = this;
  functions_.malloc = [](std::size_t bytes, void* memory) {
    return static_cast<Nghttp2Memory*>(memory)->take(bytes);
  };
  functions_.free = [](void* block, void* memory) {
    static_cast<Nghttp2Memory*>(memory)->give_back(block);
  };
  functions_.calloc = [](std::size_t count, std::size_t bytes, void* memory) -> void* {
    if (bytes != 0 && count > static_cast<std::size_t>(-1) / bytes) return nullptr;
    void* block = static_cast<Nghttp2Memory*>(memory)->take(count * bytes);
    if (block != nullptr) std::memset(block, 0, count * bytes);
    return block;
  };
  functions_.realloc = [](void* block, std::size_t bytes, void* memory) {
    return static_cast<Nghttp2Memory*>(memory)->resize(block, bytes);
  };
}

void* Nghttp2Memory::take(std::size_t bytes) {
  if (bytes > classes * step_bytes) {
    if (bytes > static_cast<std::size_t>(-1) - sizeof(Block)) return nullptr;
    auto* block = static_cast<Block*>(std::malloc(sizeof(Block) + bytes));
    if (block == nullptr) return nullptr;
    block->size_class = from_malloc;
    return block + 1;
  }
  const std::size_t size_class = bytes == 0 ? 0 : (bytes - 1) / step_bytes;
  if (free_[size_class] == nullptr) cut_slab(size_class);
  Block* block = free_[size_class];
  free_[size_class] = block->next;
  return block + 1;
}

void Nghttp2Memory::give_back(void* memory) {
  if (memory == nullptr) return;
  Block* block = static_cast<Block*>(memory) - 1;
  if (block->size_class == from_malloc) {
    std::free(block);
    return;
  }
  block->next = free_[block->size_class];
  free_[block->size_class] = block;
}

void* Nghttp2Memory::resize(void* memory, std::size_t bytes) {
  if (memory == nullptr) return take(bytes);
  Block* block = static_cast<Block*>(memory) - 1;
  if (block->size_class == from_malloc) {
    // Never back into a size class: what was large once is a buffer that grows again.
    if (bytes > static_cast<std::size_t>(-1) - sizeof(Block)) return nullptr;
    auto* resized = static_cast<Block*>(std::realloc(block, sizeof(Block) + bytes));
    return resized == nullptr ? nullptr : resized + 1;
  }
  const std::size_t held_bytes = (block->size_class + 1) * step_bytes;
  if (bytes <= held_bytes) return memory;
  void* larger = take(bytes);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, memory, held_bytes);
  give_back(memory);
  return larger;
}

void Nghttp2Memory::cut_slab(std::size_t size_class) {
  const std::size_t block_bytes = sizeof(Block) + (size_class + 1) * step_bytes;
  slabs_.push_back(std::make_unique_for_overwrite<std::byte[]>(slab_bytes));
  std::byte* slab = slabs_.back().get();
  for (std::size_t offset = 0; offset + block_bytes <= slab_bytes; offset += block_bytes) {
    auto* block = new (slab + offset) Block{size_class, free_[size_class]};
    free_[size_class] = block;
  }
}

}  // namespace reveille::http
