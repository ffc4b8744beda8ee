#include "bench/storage/batches.h"

#include <algorithm>

#include "protocol/base/ensure.h"

namespace reveille::bench {

using storage::AudienceKind;
using storage::Partition;

Shares shares_of(const Fleet& fleet) {
  Shares shares(Partition::count);
  for (const auto& id : fleet.ids()) shares[storage::partition_of(id).index].push_back(id);
  for (auto& share : shares) std::ranges::sort(share);
  return shares;
}

storage::BatchId order(Fleet& fleet, AudienceKind audience, const Shares& shares) {
  const mdm::CommandUuid command = fleet.put_command();
  storage::Batch batch{.id = {.text = command.text}, .command = command};
  batch.audience = audience;
  const auto transaction = fleet.store().begin();
  for (std::uint8_t index = 0; audience == AudienceKind::ids && index < shares.size(); ++index) {
    const std::span<const mdm::EnrolmentId> share(shares[index]);
    constexpr std::size_t chunk = storage::Transaction::audience_chunk_ids_max;
    for (std::size_t at = 0; at < share.size(); at += chunk) {
      const auto ids = share.subspan(at, std::min(chunk, share.size() - at));
      ensure(transaction->put_audience(batch.id, {.index = index},
                                       static_cast<std::uint32_t>(at / chunk), ids)
                 .has_value(),
             "stored");
    }
    batch.audience_ids += share.size();
  }
  ensure(transaction->put_batch(batch, fleet.now()).has_value(), "ordered");
  ensure(transaction->commit().has_value(), "committed");
  return batch.id;
}

void expand(Fleet& fleet, const storage::BatchId& batch, Partition partition,
            std::size_t in_one_commit) {
  for (bool has_more = true; has_more;) {
    const auto transaction = fleet.store().begin();
    const auto step = transaction->advance_batch(partition, batch, in_one_commit, fleet.now());
    ensure(step && transaction->commit().has_value(), "committed");
    has_more = step->has_more();
  }
}

}  // namespace reveille::bench
