#pragma once

#include <algorithm>
#include <utility>

#include "dispatcher/http/body_source.h"
#include "protocol/http/long_body.h"

// Long bodies as tests see them, on their way in and out.
namespace reveille::http {

// Keeps what it is given, up to what it has room for.
class KeptBody final : public LongBody {
 public:
  explicit KeptBody(std::size_t bytes_max = 64u << 20) : bytes_max_(bytes_max) {}

  std::uint64_t bytes() const override { return kept.size(); }
  bool append(BytesView bytes) override {
    if (bytes.size() > bytes_max_ - kept.size()) return false;
    kept += bytes;
    return true;
  }

  Bytes kept;

 private:
  const std::size_t bytes_max_;
};

// Parts of 1,000 bytes; of those that it announces the last may be missing.
class PartsOfBytes final : public BodySource {
 public:
  explicit PartsOfBytes(Bytes whole, std::size_t bytes_missing = 0)
      : whole_(std::move(whole)), bytes_missing_(bytes_missing) {}

  std::uint64_t bytes() const override { return whole_.size() + bytes_missing_; }
  boost::asio::awaitable<Result<Bytes>> next() override {
    if (at_ == whole_.size()) co_return failure(ErrorCode::not_found, "the rest has gone");
    Bytes part = whole_.substr(at_, 1'000);
    at_ += part.size();
    co_return part;
  }

 private:
  const Bytes whole_;
  const std::size_t bytes_missing_;
  std::size_t at_ = 0;
};

}  // namespace reveille::http
