#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <thread>

#include "tools/reveillectl/batches.h"
#include "tools/reveillectl/printing.h"

namespace reveille {

namespace {

constexpr std::chrono::milliseconds interval{500};

// One line that renews itself on a terminal, else a line for each change.
class ProgressLine {
 public:
  void show(const std::string& line) {
    if (line == shown_) return;
    if (is_terminal_) {
      print("\r" + line + "\x1b[K");  // what an earlier, longer line left
    } else {
      print(line + "\n");
    }
    std::fflush(stdout);
    shown_ = line;
  }
  void end() {
    if (is_terminal_ && !shown_.empty()) print("\n");
    shown_.clear();
  }

 private:
  const bool is_terminal_ = ::isatty(STDOUT_FILENO) == 1;
  std::string shown_;
};

}  // namespace

int watch_batch(const Session& session, const std::string& id) {
  ProgressLine progress;
  for (;;) {
    const auto answer = session.client.get("/v1/batches/" + path_segment(id));
    if (!answer) {
      progress.end();
      return report(answer.error());
    }
    progress.show(session.output == Output::json ? boost::json::serialize(answer->object)
                                                 : progress_text(answer->object));
    if (is_at_end(answer->object)) break;
    std::this_thread::sleep_for(interval);
  }
  progress.end();
  return 0;
}

}  // namespace reveille
