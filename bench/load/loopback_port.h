#pragma once

#include <cstdint>

namespace reveille::bench {

// For servers that take no port 0: one that the kernel gives, and that nobody else asks for
// meanwhile.
std::uint16_t free_loopback_port();
// By connecting to it.
bool accepts_connections(std::uint16_t port);

// A connected socket, closed at its end; negative when nobody listens.
class LoopbackSocket {
 public:
  explicit LoopbackSocket(std::uint16_t port);
  ~LoopbackSocket();
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;

  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace reveille::bench
