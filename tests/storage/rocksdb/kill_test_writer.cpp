#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "tests/storage/store_contract.h"

// kill_test's victim: enrols a device, then commits for ever, one byte on the standard output after
// each commit. Usage: storage_kill_writer FOLDER DEVICE [FILE_BYTES_MAX]
//                    storage_kill_writer --advance FOLDER BATCH
//                    storage_kill_writer --upload FOLDER DEVICE
//
// With --advance it goes on with a batch that is stored already, a few places in a commit, and
// after some commits waits to be killed: so that a slow killer still finds work undone.
// With --upload it answers one command after the other with a report of four pieces: five commits.
// With FILE_BYTES_MAX no file may grow beyond it: a write fails in the middle of a commit, as on a
// broken disk. Then it exits with `refused`, provided that the store refuses the next commit, too.
namespace reveille::storage::testing {
namespace {

constexpr int refused = 3;

void limit_files(const char* bytes_max) {
  std::signal(SIGXFSZ, SIG_IGN);  // the write shall fail, not the process
  const rlim_t bytes = std::strtoull(bytes_max, nullptr, 10);
  const rlimit limit{.rlim_cur = bytes, .rlim_max = bytes};
  setrlimit(RLIMIT_FSIZE, &limit);
}

bool commit_number(Store& store, const mdm::EnrolmentId& device, int number) {
  const auto uuid = [&](int of) { return device.text() + "-" + std::to_string(of); };
  const auto transaction = store.begin();
  const mdm::Command queued = command(uuid(number));
  if (!transaction->put_command(queued, start_of_test)) return false;
  if (!transaction->enqueue(std::vector{device}, queued.uuid, start_of_test)) return false;
  if (number % 2 == 1) {
    const mdm::CommandUuid before{.text = uuid(number - 1)};
    const auto recorded = transaction->record_report(device, before, mdm::Status::acknowledged,
                                                     "report", start_of_test);
    if (!recorded) return false;
  }
  return transaction->commit().has_value();
}

int run(const char* folder, const char* device_text) {
  StoreOptions options;
  options.queue_commands_max = 1'000'000;
  const auto store = open_rocksdb_store(rocksdb_options(folder, options));
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().detail.c_str());
    return 1;
  }
  const mdm::EnrolmentId device = id(device_text);
  {
    const auto transaction = (*store)->begin();
    if (!transaction->authenticate(authenticate_message(device), digest('c'), start_of_test) ||
        !transaction->update_token(token_update_message(device), start_of_test) ||
        !transaction->commit()) {
      return 1;
    }
  }
  constexpr int commits_max = 100'000;  // the end of a victim that nobody kills
  for (int number = 0; number < commits_max; ++number) {
    if (!commit_number(**store, device, number)) {
      return commit_number(**store, device, number) ? 1 : refused;
    }
    if (write(STDOUT_FILENO, "+", 1) != 1) return 1;
  }
  return 0;
}

void wait_to_be_killed() {
  constexpr unsigned end_of_a_victim_that_nobody_kills = 60;  // seconds
  alarm(end_of_a_victim_that_nobody_kills);
  pause();
}

// One step in each partition that has more to do, round and round.
int advance(const char* folder, const char* batch_text) {
  const auto store = open_rocksdb_store(rocksdb_options(folder, StoreOptions{}));
  if (!store) return 1;
  constexpr std::size_t places = 3;
  constexpr int commits_max = 50;
  int commits = 0;
  const BatchId batch{.text = batch_text};
  for (bool has_more = true; has_more;) {
    has_more = false;
    for (std::uint8_t index = 0; index < Partition::count; ++index) {
      const auto transaction = (*store)->begin();
      const auto step =
          transaction->advance_batch({.index = index}, batch, places, start_of_test);
      if (!step || !transaction->commit()) return 1;
      if (step->walked == 0) continue;
      has_more = has_more || step->has_more();
      if (write(STDOUT_FILENO, "+", 1) != 1) return 1;
      if (++commits == commits_max) wait_to_be_killed();
    }
  }
  return 0;
}

bool upload_number(Store& store, const mdm::EnrolmentId& device, int number) {
  const mdm::Command queued = command("uuid-" + std::to_string(number));
  const UploadId upload{.number = static_cast<std::uint64_t>(number)};
  for (std::uint32_t piece = 0; piece <= 4; ++piece) {
    const auto transaction = store.begin();
    if (piece == 0) {
      if (!transaction->put_command(queued, start_of_test)) return false;
      if (!transaction->enqueue(std::vector{device}, queued.uuid, start_of_test)) return false;
    }
    if (piece < 4) {
      const Bytes bytes(10'000, static_cast<char>('0' + piece));
      if (!transaction->put_report_piece(device, queued.uuid, upload, piece, bytes)) return false;
    } else if (!transaction->record_report(device, queued.uuid, mdm::Status::acknowledged, upload,
                                           start_of_test)) {
      return false;
    }
    if (!transaction->commit() || write(STDOUT_FILENO, "+", 1) != 1) return false;
  }
  return true;
}

int upload(const char* folder, const char* device_text) {
  const auto store = open_rocksdb_store(rocksdb_options(folder, StoreOptions{}));
  if (!store) return 1;
  const mdm::EnrolmentId device = id(device_text);
  const auto transaction = (*store)->begin();
  if (!transaction->authenticate(authenticate_message(device), digest('c'), start_of_test) ||
      !transaction->update_token(token_update_message(device), start_of_test) ||
      !transaction->commit()) {
    return 1;
  }
  constexpr int reports_max = 500;
  for (int number = 0; number < reports_max; ++number) {
    if (!upload_number(**store, device, number)) return 1;
  }
  wait_to_be_killed();
  return 0;
}

}  // namespace
}  // namespace reveille::storage::testing

int main(int count, char** arguments) {
  if (count == 4 && std::string(arguments[1]) == "--advance") {
    return reveille::storage::testing::advance(arguments[2], arguments[3]);
  }
  if (count == 4 && std::string(arguments[1]) == "--upload") {
    return reveille::storage::testing::upload(arguments[2], arguments[3]);
  }
  if (count != 3 && count != 4) return 2;
  if (count == 4) reveille::storage::testing::limit_files(arguments[3]);
  return reveille::storage::testing::run(arguments[1], arguments[2]);
}
