#include "storage/rocksdb/live_queue.h"

#include <algorithm>

namespace reveille::storage::rocks {
namespace {

constexpr std::size_t size_bytes = 4;

void append_entry(Bytes& queue, const DeliveryRow& row) {
  const Bytes encoded = encode(row);
  queue.reserve(queue.size() + size_bytes + encoded.size());
  append_big_endian(queue, static_cast<std::uint32_t>(encoded.size()));
  queue += encoded;
}

}  // namespace

std::optional<LiveQueue::Entry> LiveQueue::entry_at(std::size_t at) const {
  const BytesView left = BytesView(schedule_.queue).substr(at);
  if (left.empty()) return std::nullopt;
  std::size_t size = 0;
  for (const char byte : left.substr(0, size_bytes)) {
    size = size << 8 | static_cast<unsigned char>(byte);
  }
  if (left.size() < size_bytes + size) {
    rows_.fail({.code = ErrorCode::corrupt, .detail = "a queue is damaged"});
    return std::nullopt;
  }
  return Entry{.at = at, .size = size_bytes + size, .row = left.substr(size_bytes, size)};
}

std::optional<LiveQueue::Entry> LiveQueue::find_entry(const mdm::CommandUuid& command) const {
  for (auto entry = entry_at(0); entry; entry = entry_at(entry->at + entry->size)) {
    if (command_of_delivery(entry->row) == command.text) return entry;
  }
  return std::nullopt;
}

bool LiveQueue::holds_in_row(const mdm::CommandUuid& command) const {
  return find_entry(command).has_value();
}

std::optional<DeliveryRow> LiveQueue::find(const mdm::CommandUuid& command) {
  if (const auto entry = find_entry(command)) return rows_.checked(decode_delivery(entry->row));
  if (schedule_.next_sequence == schedule_.in_row) return std::nullopt;  // there are no others
  return rows_.read(Table::deliveries, delivery_key(life_, command), decode_delivery);
}

std::optional<Time> LiveQueue::latest_expiry() {
  // Mostly one of the oldest never expires, which takes no decoding to tell.
  for (auto entry = entry_at(0); entry; entry = entry_at(entry->at + entry->size)) {
    if (never_expires(entry->row)) return std::nullopt;
  }
  std::optional<Time> latest;
  scan([&](const DeliveryRow& row) {
    const Time expires_at = row.delivery.expires_at;
    const bool never = expires_at == Time{};
    latest = never ? std::nullopt : std::optional(std::max(latest.value_or(Time{}), expires_at));
    return !never;
  });
  return latest;
}

void LiveQueue::append(const NewDelivery& delivery, const mdm::CommandUuid& command) {
  const std::uint64_t sequence = schedule_.next_sequence++;
  const bool has_room = schedule_.live == schedule_.in_row &&
                        schedule_.in_row < rows_.database().deliveries_in_row_max();
  ++schedule_.live;
  if (has_room) {
    const std::size_t size = delivery.size_at(sequence);
    schedule_.queue.reserve(schedule_.queue.size() + size_bytes + size);
    append_big_endian(schedule_.queue, static_cast<std::uint32_t>(size));
    delivery.append_to(schedule_.queue, sequence);
    ++schedule_.in_row;
    return;
  }
  rows_.put(Table::deliveries, delivery_key(life_, command), delivery.at(sequence));
  rows_.put(Table::queue, queue_key(life_, sequence), Bytes(command.text));
}

void LiveQueue::replace(const DeliveryRow& row) {
  if (const auto entry = find_entry(row.delivery.command)) {
    Bytes changed;
    append_entry(changed, row);
    schedule_.queue.replace(entry->at, entry->size, changed);
  } else {
    rows_.put(Table::deliveries, key_of(row), encode(row));
  }
}

void LiveQueue::end(const DeliveryRow& row) {
  --schedule_.live;
  rows_.put(Table::deliveries, key_of(row), encode(row));
  const auto entry = find_entry(row.delivery.command);
  if (!entry) {
    rows_.erase(Table::queue, queue_key(life_, row.sequence));
    return;
  }
  schedule_.queue.erase(entry->at, entry->size);
  --schedule_.in_row;
  if (schedule_.in_row == 0 && schedule_.live > 0) move_up(row.sequence + 1);
}

void LiveQueue::move_up(std::uint64_t from) {
  std::vector<DeliveryRow> moved;
  scan_behind_row(from, [&](DeliveryRow row) {
    moved.push_back(std::move(row));
    return moved.size() < rows_.database().deliveries_in_row_max();
  });
  for (const DeliveryRow& row : moved) {
    append_entry(schedule_.queue, row);
    ++schedule_.in_row;
    rows_.erase(Table::queue, queue_key(life_, row.sequence));
    rows_.erase(Table::deliveries, key_of(row));
  }
}

void LiveQueue::scan(const std::function<bool(DeliveryRow row)>& visit) {
  std::uint64_t behind_row = 0;
  for (auto entry = entry_at(0); entry; entry = entry_at(entry->at + entry->size)) {
    std::optional<DeliveryRow> row = rows_.checked(decode_delivery(entry->row));
    if (!row) return;
    behind_row = row->sequence + 1;
    if (!visit(*std::move(row))) return;
  }
  if (schedule_.live > schedule_.in_row) scan_behind_row(behind_row, visit);
}

void LiveQueue::scan_behind_row(std::uint64_t from,
                                const std::function<bool(DeliveryRow row)>& visit) {
  rows_.scan(Table::queue, life_, queue_key(life_, from), [&](BytesView, BytesView value) {
    const Bytes key = delivery_key(life_, {.text = std::string(value)});
    std::optional<DeliveryRow> row = rows_.read(Table::deliveries, key, decode_delivery);
    if (!row) {
      rows_.fail({.code = ErrorCode::corrupt, .detail = "a queue has lost a delivery"});
      return false;
    }
    return visit(*std::move(row));
  });
}

}  // namespace reveille::storage::rocks
