#include "dispatcher/device/long_report.h"

#include <functional>
#include <utility>

#include "dispatcher/runtime/run_in_storage.h"

namespace reveille::device {
namespace {

constexpr std::size_t piece_bytes = storage::Transaction::report_piece_bytes_max;

enum class Put { taken, adopted, not_wanted };

// One piece of a report, as a value that moves to the storage lane.
struct PieceWork {
  mdm::Report report;
  storage::Sha256 certificate;
  AuthorisationRules rules;
  std::shared_ptr<const http::SpoolFile> body;
  storage::UploadId upload;
  std::uint32_t piece = 0;

  Result<Put> put(storage::Transaction& transaction, storage::Time now) const {
    Put put = Put::taken;
    if (piece == 0) {
      const Claim claim{.kind = MessageKind::connect,
                        .identity = report.identity,
                        .certificate = certificate,
                        .auth_token = report.auth_token ? &*report.auth_token : nullptr};
      const auto authorised = authorise_in(transaction, claim, rules, now);
      if (!authorised) return std::unexpected(authorised.error());
      if (!*authorised) return Put::not_wanted;
      if ((*authorised)->pin == PinChange::adopt) put = Put::adopted;
    }
    const Result<Bytes> bytes = body->read(std::uint64_t{piece} * piece_bytes, piece_bytes);
    if (!bytes) return std::unexpected(bytes.error());
    const Result<void> taken = transaction.put_report_piece(
        report.identity.enrolment, mdm::CommandUuid{report.command_uuid}, upload, piece, *bytes);
    if (taken) return put;
    const ErrorCode code = taken.error().code;
    if (code == ErrorCode::not_found || code == ErrorCode::conflict) return Put::not_wanted;
    return std::unexpected(taken.error());
  }
};

}  // namespace

bool ends_its_command(mdm::Status status) {
  return status != mdm::Status::idle && status != mdm::Status::not_now;
}

Result<mdm::Report> parse_in_file(const http::SpoolFile& body) {
  const auto mapped = body.map();
  if (!mapped) return std::unexpected(mapped.error());
  return mdm::parse_report(mapped->bytes());
}

storage::UploadId draw_upload(RandomSource& random) {
  std::uint64_t number = 0;
  for (const char byte : random.bytes(sizeof(number))) {
    number = number << 8 | static_cast<unsigned char>(byte);
  }
  return {.number = number};
}

boost::asio::awaitable<Result<void>> put_pieces(Parts& parts, const mdm::Report& report,
                                                storage::Sha256 certificate,
                                                std::shared_ptr<const http::SpoolFile> body,
                                                storage::UploadId upload) {
  const storage::Partition partition = storage::partition_of(report.identity.device);
  PieceWork work{.report = report,
                 .certificate = certificate,
                 .rules = parts.rules.authorisation,
                 .body = std::move(body),
                 .upload = upload};
  for (; std::uint64_t{work.piece} * piece_bytes < work.body->bytes(); ++work.piece) {
    std::move_only_function<Result<Put>(storage::Transaction&)> job =
        [work, &clock = parts.clock](storage::Transaction& transaction) {
          return work.put(transaction, clock.wall_now());
        };
    const Result<Put> put = co_await run_in_storage<Put>(parts.storage, partition, std::move(job));
    if (!put) {
      const Error error = put.error();
      co_await drop_pieces(parts, report, upload);
      co_return std::unexpected(error);
    }
    if (*put == Put::adopted) tell_of_adoption(parts, report.identity.device);
    if (*put == Put::not_wanted) break;
  }
  co_return Result<void>();
}

boost::asio::awaitable<void> drop_pieces(Parts& parts, const mdm::Report& report,
                                         storage::UploadId upload) {
  const storage::Partition partition = storage::partition_of(report.identity.device);
  std::move_only_function<Result<bool>(storage::Transaction&)> job =
      [enrolment = report.identity.enrolment,
       upload](storage::Transaction& transaction) -> Result<bool> {
    const Result<void> dropped = transaction.drop_upload(enrolment, upload);
    if (!dropped) return std::unexpected(dropped.error());
    return true;
  };
  // Without it they go away at the next start.
  (void)co_await run_in_storage<bool>(parts.storage, partition, std::move(job));
}

}  // namespace reveille::device
