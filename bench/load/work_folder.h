#pragma once

#include <filesystem>
#include <thread>

namespace reveille::bench {

// A folder of one run, in TMPDIR or /tmp: removed at the end, also when SIGINT or SIGTERM ends the
// program, which its thread waits for. Make one before any other thread: they inherit that these
// signals are blocked.
class WorkFolder {
 public:
  WorkFolder();
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::jthread watch_;
};

}  // namespace reveille::bench
