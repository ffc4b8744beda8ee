#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <utility>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/http/long_body.h"

namespace reveille::http {

struct SpoolOptions {
  std::filesystem::path folder;
  std::uint64_t bytes_max = 1u << 30;         // of all files together
  std::uint64_t free_bytes_min = 256u << 20;  // of the disk, for whatever else is written to it
};

class SpoolFile;

// Files for bodies that are too long for memory. They have no name: each is gone with its last
// owner, and all of them with the process, however it ends.
// Threads: any.
class Spool {
 public:
  explicit Spool(SpoolOptions options) : share_(std::make_shared<Share>(std::move(options))) {}

  // An empty file. Errors: unavailable.
  Result<std::shared_ptr<SpoolFile>> open();

  std::uint64_t bytes_held() const { return share_->bytes_held; }

 private:
  friend class SpoolFile;

  struct Share {
    explicit Share(SpoolOptions chosen) : options(std::move(chosen)) {}
    bool grow(std::uint64_t bytes);

    const SpoolOptions options;
    std::atomic<std::uint64_t> bytes_held = 0;
  };

  // Shared with the files: a request may be answered, or dropped, after whoever made the spool.
  const std::shared_ptr<Share> share_;
};

// One of them. Writing goes to the kernel's memory; it waits when the disk is far behind, and with
// it whoever sends the body.
// Threads: one after the other.
class SpoolFile final : public LongBody {
 public:
  SpoolFile(const Spool& spool, int descriptor) : share_(spool.share_), descriptor_(descriptor) {}
  ~SpoolFile() override;
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;

  std::uint64_t bytes() const override { return bytes_; }
  bool append(BytesView bytes) override;

  // `count` bytes from `offset` on, or those up to the end. Errors: unavailable.
  Result<Bytes> read(std::uint64_t offset, std::size_t count) const;

  // The whole of it, without a copy, as long as the mapping lives: the pages are the file's.
  class Mapping {
   public:
    explicit Mapping(BytesView bytes) : bytes_(bytes) {}
    ~Mapping();
    Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    Mapping& operator=(Mapping&&) = delete;
    BytesView bytes() const { return bytes_; }

   private:
    BytesView bytes_;
  };
  Result<Mapping> map() const;  // Errors: unavailable

 private:
  const std::shared_ptr<Spool::Share> share_;
  const int descriptor_;
  std::uint64_t bytes_ = 0;
};

}  // namespace reveille::http
