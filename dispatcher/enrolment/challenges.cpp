#include "dispatcher/enrolment/challenges.h"

#include <array>
#include <utility>
#include <variant>

#include "dispatcher/runtime/run_in_storage.h"
#include "protocol/base/base64.h"
#include "protocol/pki/openssl.h"

namespace reveille::enrolment {
namespace {

constexpr std::size_t challenge_bytes = 24;  // a multiple of 3: no padding in the link

using Work = std::move_only_function<Result<std::monostate>(storage::Transaction&)>;

Work add_all(std::vector<storage::Sha256> hashes, storage::Time expires_at) {
  return [hashes = std::move(hashes),
          expires_at](storage::Transaction& transaction) -> Result<std::monostate> {
    for (const storage::Sha256& hash : hashes) {
      const Result<void> added = transaction.add_challenge(hash, expires_at);
      if (!added) return std::unexpected(added.error());
    }
    return std::monostate{};
  };
}

}  // namespace

storage::Sha256 hash_of_challenge(std::string_view challenge) {
  return storage::Sha256::from(pki::sha256_of(challenge));
}

std::string enrolment_url(std::string_view public_url, std::string_view challenge) {
  while (public_url.ends_with('/')) public_url.remove_suffix(1);
  return std::string(public_url) + "/enrol/" + std::string(challenge);
}

boost::asio::awaitable<Result<std::vector<Challenge>>> create_challenges(
    StorageLanes& storage, const Clock& clock, RandomSource& random, std::size_t count,
    std::chrono::seconds lifetime) {
  const storage::Time expires_at = clock.wall_now() + lifetime;
  std::vector<Challenge> challenges;
  challenges.reserve(count);
  std::array<std::vector<storage::Sha256>, storage::Partition::count> by_partition;
  for (std::size_t i = 0; i < count; ++i) {
    Challenge& challenge = challenges.emplace_back();
    challenge.text = to_base64url(random.bytes(challenge_bytes));
    challenge.expires_at = expires_at;
    const storage::Sha256 hash = hash_of_challenge(challenge.text);
    by_partition[storage::partition_of(hash).index].push_back(hash);
  }
  for (std::uint8_t index = 0; index < storage::Partition::count; ++index) {
    if (by_partition[index].empty()) continue;
    const storage::Partition partition{index};
    Work work = add_all(std::move(by_partition[index]), expires_at);
    const Result<std::monostate> added =
        co_await run_in_storage<std::monostate>(storage, partition, std::move(work));
    if (!added) co_return std::unexpected(added.error());
  }
  co_return challenges;
}

}  // namespace reveille::enrolment
