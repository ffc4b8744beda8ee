#include "bench/storage/fleet.h"

#include <fmt/format.h>

#include <cstdlib>

#include "protocol/base/ensure.h"

namespace reveille::bench {
namespace {

// SplitMix64 (Vigna): numbers that follow each other become ids that do not.
std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

constexpr const char* topic = "com.apple.mgmt.External.0c5a4bd1-2f1c-4c5e-9b0d-6a6c3f2b7d10";

void enrol(storage::Transaction& transaction, const mdm::EnrolmentId& id, std::uint64_t number,
           storage::Time now) {
  mdm::Authenticate authenticate;
  authenticate.identity.enrolment = authenticate.identity.device = id;
  authenticate.topic = topic;
  authenticate.serial_number = fmt::format("C02{:09}", number);
  authenticate.model = authenticate.product_name = "iPad13,1";
  authenticate.model_name = "iPad";
  authenticate.device_name = fmt::format("iPad of pupil {}", number);
  authenticate.os_version = "17.4.1";
  authenticate.build_version = "21E236";
  storage::Sha256 certificate;
  const std::string digest = fmt::format("{:032}", number);
  certificate = storage::Sha256::from(digest);
  ensure(transaction.authenticate(authenticate, certificate, now).has_value(), "authenticated");

  mdm::TokenUpdate token;
  token.identity = authenticate.identity;
  token.topic = topic;
  token.push_token.bytes = fmt::format("{:032}", mix(number));
  token.push_magic.text = device_id(number + 1).text();
  ensure(transaction.update_token(token, now).has_value(), "enrolled");
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "reveille-bench-XXXXXX").string();
  ensure(mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

mdm::EnrolmentId device_id(std::uint64_t number) {
  const std::uint64_t high = mix(number), low = mix(high);
  return mdm::EnrolmentId(fmt::format("{:08X}-{:04X}-{:04X}-{:04X}-{:012X}", high >> 32,
                                      (high >> 16) & 0xffff, high & 0xffff, low >> 48,
                                      low & 0xffff'ffff'ffff));
}

mdm::Command command_number(std::uint64_t number) {
  mdm::Command command{.uuid = {.text = device_id(number + (std::uint64_t{1} << 40)).text()},
                       .request_type = "InstallProfile",
                       .body = "<plist version=\"1.0\">"};
  while (command.body.size() < 600) command.body += device_id(mix(command.body.size())).text();
  command.body.resize(600);
  return command;
}

storage::RocksdbOptions options_for(const std::filesystem::path& folder) {
  storage::RocksdbOptions options;
  options.folder = folder;
  options.secret_key = std::string(32, 'k');
  return options;
}

Fleet::Fleet(std::size_t enrolments) {
  store_ = storage::open_rocksdb_store(options_for(folder_.path())).value();
  ids_.reserve(enrolments);
  constexpr std::size_t in_one_commit = 2'000;
  while (ids_.size() < enrolments) {
    const auto transaction = store_->begin();
    const std::size_t end = std::min(enrolments, ids_.size() + in_one_commit);
    while (ids_.size() < end) {
      ids_.push_back(device_id(ids_.size()));
      enrol(*transaction, ids_.back(), ids_.size(), now_);
    }
    ensure(transaction->commit().has_value(), "the fleet is stored");
  }
}

std::span<const mdm::EnrolmentId> Fleet::next_ids(std::size_t count) {
  if (next_ + count > ids_.size()) next_ = 0;
  const auto ids = std::span<const mdm::EnrolmentId>(ids_).subspan(next_, count);
  next_ += count;
  return ids;
}

mdm::CommandUuid Fleet::put_command() {
  const mdm::Command command = command_number(commands_++);
  const auto transaction = store_->begin();
  ensure(transaction->put_command(command, now_).has_value(), "stored");
  ensure(transaction->commit().has_value(), "committed");
  return command.uuid;
}

void Fleet::enqueue(std::span<const mdm::EnrolmentId> ids, const mdm::CommandUuid& command) {
  const auto transaction = store_->begin();
  const auto answers = transaction->enqueue(ids, command, now_);
  ensure(answers.has_value(), "answered");
  for (const storage::Enqueued answer : *answers) {
    ensure(answer == storage::Enqueued::queued, "queued");
  }
  ensure(transaction->commit().has_value(), "committed");
}

}  // namespace reveille::bench
