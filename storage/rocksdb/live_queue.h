#pragma once

#include <functional>

#include "storage/rocksdb/rows.h"

namespace reveille::storage::rocks {

// The live deliveries of one enrolment, in the order in which they were queued.
//
// The oldest, deliveries_in_row_max at most, are in Schedule::queue: each as the size of its
// DeliveryRow and the row. So the one command that a device mostly has takes no row of its own.
// Those behind them have two: one in `queue`, found by its place, and one in `deliveries`, found by
// its command. They move up when all before them have ended. Whoever changes the queue says that
// the schedule has changed.
//
// Borrows all of it, for one call of the transaction.
class LiveQueue {
 public:
  LiveQueue(Rows& rows, Schedule& schedule, BytesView life)
      : rows_(rows), schedule_(schedule), life_(life) {}

  // Of those in the schedule alone; the others, and what has ended, are in `deliveries`.
  bool holds_in_row(const mdm::CommandUuid& command) const;
  // Whether this transaction has queued it behind them.
  bool has_put_behind_row(const mdm::CommandUuid& command) const {
    return schedule_.live > schedule_.in_row &&
           rows_.has_written(Table::deliveries, delivery_key(life_, command));
  }
  // Live, or ended and in `deliveries`.
  std::optional<DeliveryRow> find(const mdm::CommandUuid& command);

  // Behind all others, as the next sequence.
  void append(const NewDelivery& delivery, const mdm::CommandUuid& command);
  // Of one that is live and stays so.
  void replace(const DeliveryRow& row);
  // What has ended, into `deliveries`.
  void end(const DeliveryRow& row);

  // Nothing of it is handed out from then on; nullopt when one never expires, or there is none.
  std::optional<Time> latest_expiry();

  // Until `visit` answers false.
  void scan(const std::function<bool(DeliveryRow row)>& visit);

 private:
  struct Entry {
    std::size_t at = 0, size = 0;  // in Schedule::queue, the row's size before it included
    BytesView row;
  };
  std::optional<Entry> entry_at(std::size_t at) const;  // nullopt at the end
  std::optional<Entry> find_entry(const mdm::CommandUuid& command) const;
  void scan_behind_row(std::uint64_t from, const std::function<bool(DeliveryRow row)>& visit);
  void move_up(std::uint64_t from);
  Bytes key_of(const DeliveryRow& row) const { return delivery_key(life_, row.delivery.command); }

  Rows& rows_;
  Schedule& schedule_;
  BytesView life_;
};

}  // namespace reveille::storage::rocks
