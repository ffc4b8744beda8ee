#include "dispatcher/http/spool.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

namespace reveille::http {
namespace {

// Between two looks at the disk's free space.
constexpr std::uint64_t look_bytes = 1u << 20;

std::unexpected<Error> trouble(const char* doing) {
  return failure(ErrorCode::unavailable, std::string(doing) + " a file for a long body: " +
                                             std::generic_category().message(errno));
}

// Some file systems cannot make a file without a name: it loses its name at once.
int open_named(const std::filesystem::path& folder) {
  std::string path = folder / "body.XXXXXX";
  const int descriptor = ::mkostemp(path.data(), O_CLOEXEC);
  if (descriptor >= 0) ::unlink(path.c_str());
  return descriptor;
}

}  // namespace

Result<std::shared_ptr<SpoolFile>> Spool::open() {
  int descriptor = ::open(share_->options.folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0) descriptor = open_named(share_->options.folder);
  if (descriptor < 0) return trouble("opening");
  return std::make_shared<SpoolFile>(*this, descriptor);
}

bool Spool::Share::grow(std::uint64_t bytes) {
  const std::uint64_t before = bytes_held.fetch_add(bytes);
  if (bytes <= options.bytes_max && before <= options.bytes_max - bytes) return true;
  bytes_held -= bytes;
  return false;
}

SpoolFile::~SpoolFile() {
  ::close(descriptor_);
  share_->bytes_held -= bytes_;
}

bool SpoolFile::append(BytesView bytes) {
  const bool looks = bytes_ / look_bytes != (bytes_ + bytes.size()) / look_bytes || bytes_ == 0;
  if (looks) {
    struct statvfs disk{};
    if (::fstatvfs(descriptor_, &disk) != 0) return false;
    const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    // What waits in files comes to this disk once more, as pieces.
    if (free < share_->options.free_bytes_min + share_->bytes_held) return false;
  }
  if (!share_->grow(bytes.size())) return false;
  const std::uint64_t end = bytes_ + bytes.size();
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(end - bytes.size()));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  bytes_ = end;  // counted also when it failed: it is given back with the file
  return bytes.empty();
}

Result<Bytes> SpoolFile::read(std::uint64_t offset, std::size_t count) const {
  if (offset >= bytes_) return Bytes();
  Bytes bytes(static_cast<std::size_t>(std::min<std::uint64_t>(count, bytes_ - offset)), '\0');
  for (std::size_t have = 0; have < bytes.size();) {
    const ssize_t got = ::pread(descriptor_, bytes.data() + have, bytes.size() - have,
                                static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return trouble("reading");
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

Result<SpoolFile::Mapping> SpoolFile::map() const {
  if (bytes_ == 0) return Mapping(BytesView());
  void* place = ::mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, descriptor_, 0);
  if (place == MAP_FAILED) return trouble("mapping");
  ::madvise(place, bytes_, MADV_SEQUENTIAL);
  return Mapping(BytesView(static_cast<const char*>(place), bytes_));
}

SpoolFile::Mapping::~Mapping() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace reveille::http
