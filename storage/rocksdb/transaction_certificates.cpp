#include "storage/certificate_chain.h"
#include "storage/rocksdb/transaction.h"

// Identity certificates, one-time challenges and push certificates.
namespace reveille::storage::rocks {

Result<void> RocksdbTransaction::record_certificate(const IssuedCertificate& certificate) {
  const BytesView key = certificate.sha256.view();
  CertificateRow row =
      rows_.read(Table::certificates, key, decode_certificate).value_or(CertificateRow{});
  if (row.issued) return finish();
  row.issued = certificate;
  rows_.put(Table::certificates, key, encode(row));
  must_sync();
  return finish();
}

Result<Sha256> RocksdbTransaction::first_of_line(const Sha256& certificate) {
  Sha256 at = certificate;
  for (std::size_t hops = 0; hops <= renewals_max; ++hops) {
    const auto row = rows_.read(Table::certificates, at.view(), decode_certificate);
    if (!row || !row->issued || !row->issued->renews) return finish(at);
    at = *row->issued->renews;
  }
  return renewed_too_often();
}

Result<void> RocksdbTransaction::bind_certificate(const Sha256& certificate,
                                                  const mdm::EnrolmentId& device) {
  const auto bound = bound_device(certificate);
  if (!bound) return std::unexpected(bound.error());
  if (*bound && **bound != device) return certificate_is_taken();
  CertificateRow row = rows_.read(Table::certificates, certificate.view(), decode_certificate)
                           .value_or(CertificateRow{});
  if (row.device) return finish();
  row.device = device.text();
  rows_.put(Table::certificates, certificate.view(), encode(row));
  must_sync();
  return finish();
}

Result<std::optional<mdm::EnrolmentId>> RocksdbTransaction::bound_device(
    const Sha256& certificate) {
  Sha256 at = certificate;
  for (std::size_t hops = 0; hops <= renewals_max; ++hops) {
    const auto row = rows_.read(Table::certificates, at.view(), decode_certificate);
    std::optional<mdm::EnrolmentId> device;
    if (row && row->device) device = mdm::EnrolmentId(*row->device);
    if (!row || device || !row->issued || !row->issued->renews) return finish(std::move(device));
    at = *row->issued->renews;
  }
  return renewed_too_often();
}

Result<std::optional<IssuedCertificate>> RocksdbTransaction::find_certificate(
    const Sha256& certificate) {
  const auto row = rows_.read(Table::certificates, certificate.view(), decode_certificate);
  std::optional<IssuedCertificate> issued;
  if (row) issued = row->issued;
  return finish(std::move(issued));
}

Result<std::vector<KnownCertificate>> RocksdbTransaction::list_certificates(const Sha256& after,
                                                                            std::size_t count_max) {
  std::vector<KnownCertificate> listed;
  const auto visit = [&](BytesView key, BytesView value) {
    if (key == after.view()) return true;
    if (listed.size() == count_max) return false;
    std::optional<CertificateRow> row = rows_.checked(decode_certificate(value));
    if (!row) return false;
    KnownCertificate known{
        .sha256 = Sha256::from(key), .issued = std::move(row->issued), .device = std::nullopt};
    if (row->device) known.device = mdm::EnrolmentId(*row->device);
    listed.push_back(std::move(known));
    return true;
  };
  rows_.scan_committed(Table::certificates, {}, after.view(), visit);
  for (KnownCertificate& known : listed) {
    if (known.device || !known.issued || !known.issued->renews) continue;
    auto device = bound_device(*known.issued->renews);
    if (!device) return std::unexpected(std::move(device.error()));
    known.device = *std::move(device);
  }
  return finish(std::move(listed));
}

Result<void> RocksdbTransaction::revoke_certificate(const Sha256& certificate, Time now) {
  const Bytes key = revoked_prefix + Bytes(certificate.view());
  if (rows_.get(Table::meta, key)) return finish();
  Bytes revoked_at;
  append_time_key(revoked_at, now);
  rows_.put(Table::meta, key, std::move(revoked_at));
  must_sync();
  return finish();
}

Result<std::vector<Sha256>> RocksdbTransaction::revoked_certificates() {
  std::vector<Sha256> revoked;
  const BytesView prefix = revoked_prefix;
  rows_.scan(Table::meta, prefix, prefix, [&](BytesView key, BytesView /*value*/) {
    const BytesView digest = key.substr(prefix.size());
    if (digest.size() == Sha256{}.bytes.size()) revoked.push_back(Sha256::from(digest));
    return true;
  });
  return finish(std::move(revoked));
}

Result<void> RocksdbTransaction::add_challenge(const Sha256& challenge, Time expires_at) {
  if (rows_.get(Table::challenges, challenge.view())) return finish();
  const ChallengeRow row{.expires_at = expires_at, .spent_on = {}, .certificate = {}};
  rows_.put(Table::challenges, challenge.view(), encode(row));
  must_sync();
  return finish();
}

Result<Bytes> RocksdbTransaction::spend_challenge(const Sha256& challenge, const Sha256& public_key,
                                                  BytesView certificate, Time now) {
  auto row = rows_.read(Table::challenges, challenge.view(), decode_challenge);
  if (!row) return refuse(ErrorCode::unauthorised, "the challenge is unknown");
  if (now >= row->expires_at) return refuse(ErrorCode::unauthorised, "the challenge has expired");
  if (row->spent_on && row->spent_on != public_key) {
    return refuse(ErrorCode::unauthorised, "the challenge was spent on another key");
  }
  if (row->certificate) return finish(*std::move(row->certificate));
  row->spent_on = public_key;
  row->certificate = Bytes(certificate);
  rows_.put(Table::challenges, challenge.view(), encode(*row));
  must_sync();
  return finish(Bytes(certificate));
}

Result<bool> RocksdbTransaction::challenge_is_open(const Sha256& challenge, Time now) {
  const auto row = rows_.read(Table::challenges, challenge.view(), decode_challenge);
  return finish(row && now < row->expires_at && !row->spent_on);
}

Result<void> RocksdbTransaction::put_push_certificate(const PushCertificateRecord& record) {
  const Bytes sealed = seal(Table::push_certificates, record.topic, encode(record));
  rows_.put(Table::push_certificates, record.topic, sealed);
  must_sync();
  return finish();
}

Result<std::vector<PushCertificateRecord>> RocksdbTransaction::push_certificates() {
  std::vector<PushCertificateRecord> records;
  rows_.scan(Table::push_certificates, {}, {}, [&](BytesView key, BytesView value) {
    const std::optional<Bytes> plain = unseal(Table::push_certificates, key, value);
    if (!plain) return false;
    auto record = rows_.checked(decode_push_certificate(*plain));
    if (record) records.push_back(*std::move(record));
    return record.has_value();
  });
  return finish(std::move(records));
}

}  // namespace reveille::storage::rocks
