#include "protocol/base/ensure.h"
#include "storage/rocksdb/transaction.h"

// What devices answered: in one row, or in pieces that were put before the report was recorded.
namespace reveille::storage::rocks {

Result<void> RocksdbTransaction::put_report_piece(const mdm::EnrolmentId& enrolment,
                                                  const mdm::CommandUuid& command, UploadId upload,
                                                  std::uint32_t piece, BytesView bytes) {
  ensure(bytes.size() <= report_piece_bytes_max, "a piece is not too long");
  ScheduleInUse* schedule = find_schedule(enrolment);
  if (!schedule) return no_enrolment(enrolment);
  const Bytes life = life_prefix(enrolment, schedule->row.generation);
  const auto delivery = LiveQueue(rows_, schedule->row, life).find(command);
  if (!delivery || is_end_state(delivery->delivery.state)) {
    return refuse(ErrorCode::not_found, "no command " + command.text + " is live here");
  }
  const Bytes key = upload_key(life, upload);
  LongReport report{.upload = upload, .size = {.bytes = 0, .pieces = 0}};
  if (const auto begun = rows_.read(Table::long_results, key, decode_long_report)) report = *begun;
  const Bytes place = piece_key(life, upload, piece);
  // There is one at the next place only when an upload of this number is recorded.
  if (piece != report.size.pieces || rows_.get(Table::long_results, place)) {
    return refuse(ErrorCode::conflict, "not the next piece of its upload");
  }
  report.size.bytes += bytes.size();
  ++report.size.pieces;
  rows_.put(Table::long_results, key, encode(report));
  rows_.put(Table::long_results, place, Bytes(bytes));
  return finish();
}

Result<void> RocksdbTransaction::drop_upload(const mdm::EnrolmentId& enrolment, UploadId upload) {
  if (const Schedule* schedule = look_at_schedule(enrolment)) {
    forget_upload(life_prefix(enrolment, schedule->generation), upload);
  }
  return finish();
}

bool RocksdbTransaction::keep_report(BytesView life, const mdm::CommandUuid& command,
                                     const ReportBody& body) {
  if (!body.upload()) {
    rows_.put(Table::results, delivery_key(life, command), Bytes(body.bytes()));
    return true;
  }
  const Bytes key = upload_key(life, *body.upload());
  const auto report = rows_.read(Table::long_results, key, decode_long_report);
  if (!report) return false;
  rows_.erase(Table::long_results, key);
  rows_.put(Table::long_results, long_result_key(life, command), encode(*report));
  return true;
}

void RocksdbTransaction::forget_upload(BytesView life, UploadId upload) {
  const Bytes key = upload_key(life, upload);
  const auto report = rows_.read(Table::long_results, key, decode_long_report);
  if (report) forget_report(life, key, *report);
}

// One by one: they are few, and this transaction may see the number again.
void RocksdbTransaction::forget_report(BytesView life, BytesView key, const LongReport& report) {
  rows_.erase(Table::long_results, key);
  for (std::uint32_t piece = 0; piece < report.size.pieces; ++piece) {
    rows_.erase(Table::long_results, piece_key(life, report.upload, piece));
  }
}

void RocksdbTransaction::forget_long_results(BytesView life) {
  std::vector<std::pair<Bytes, LongReport>> reports;
  for (const BytesView kind : {uploads_prefix, long_results_prefix}) {
    const Bytes prefix = Bytes(kind) + Bytes(life);
    rows_.scan(Table::long_results, prefix, prefix, [&](BytesView key, BytesView value) {
      const auto report = rows_.checked(decode_long_report(value));
      if (report) reports.emplace_back(key, *report);
      return report.has_value();
    });
  }
  for (const auto& [key, report] : reports) forget_report(life, key, report);
}

std::optional<LongReport> RocksdbTransaction::find_long_report(const mdm::EnrolmentId& enrolment,
                                                               const mdm::CommandUuid& command) {
  const Schedule* schedule = look_at_schedule(enrolment);
  if (!schedule) return std::nullopt;
  const Bytes life = life_prefix(enrolment, schedule->generation);
  return rows_.read(Table::long_results, long_result_key(life, command), decode_long_report);
}

std::optional<Bytes> RocksdbTransaction::short_result(const mdm::EnrolmentId& enrolment,
                                                      const mdm::CommandUuid& command) {
  const Schedule* schedule = look_at_schedule(enrolment);
  if (!schedule) return std::nullopt;
  const Bytes life = life_prefix(enrolment, schedule->generation);
  return rows_.get(Table::results, delivery_key(life, command));
}

Result<std::optional<Bytes>> RocksdbTransaction::find_result(const mdm::EnrolmentId& enrolment,
                                                             const mdm::CommandUuid& command) {
  std::optional<Bytes> found = short_result(enrolment, command);
  if (found) return finish(std::move(found));
  const auto report = find_long_report(enrolment, command);
  if (!report) return finish(std::move(found));
  found.emplace();
  for (std::uint32_t piece = 0; piece < report->size.pieces; ++piece) {
    const auto bytes = result_piece(enrolment, command, piece);
    if (!bytes) return std::unexpected(bytes.error());
    if (*bytes) *found += **bytes;
  }
  return finish(std::move(found));
}

Result<std::optional<ResultSize>> RocksdbTransaction::result_size(const mdm::EnrolmentId& enrolment,
                                                                  const mdm::CommandUuid& command) {
  std::optional<ResultSize> size;
  if (const auto report = find_long_report(enrolment, command)) {
    size = report->size;
  } else if (const auto bytes = short_result(enrolment, command)) {
    size = {.bytes = bytes->size(), .pieces = 1};
  }
  return finish(size);
}

Result<std::optional<Bytes>> RocksdbTransaction::result_piece(const mdm::EnrolmentId& enrolment,
                                                              const mdm::CommandUuid& command,
                                                              std::uint32_t piece) {
  std::optional<Bytes> found;
  if (const auto report = find_long_report(enrolment, command)) {
    if (piece >= report->size.pieces) return finish(std::move(found));
    const Bytes life = life_prefix(enrolment, look_at_schedule(enrolment)->generation);
    found = rows_.get(Table::long_results, piece_key(life, report->upload, piece));
    if (!found) return refuse(ErrorCode::corrupt, "a piece of a result is missing");
  } else if (piece == 0) {
    found = short_result(enrolment, command);
  }
  return finish(std::move(found));
}

}  // namespace reveille::storage::rocks
