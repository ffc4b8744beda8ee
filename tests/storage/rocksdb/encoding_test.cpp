#include "storage/rocksdb/encoding.h"

#include <gtest/gtest.h>

#include "storage/rocksdb/layout.h"

namespace reveille::storage::rocks {
namespace {

Enrolment full_enrolment() {
  Enrolment row;
  row.identity.kind = mdm::IdentityKind::user;
  row.identity.enrolment = mdm::EnrolmentId("MAC:ada");
  row.identity.device = mdm::EnrolmentId("MAC");
  row.identity.user_short_name = "ada";
  row.generation = 7;
  row.state = EnrolmentState::ended;
  row.end_reason = EndReason::unreachable;
  row.topic = "topic";
  row.certificate = Sha256::from(std::string(32, 'c'));
  row.previous_certificate = Sha256::from(std::string(32, 'p'));
  row.serial_number = "serial";
  row.meid = "meid";
  row.awaiting_configuration = true;
  row.authenticated_at = Time(std::chrono::milliseconds(-5));
  row.ended_at = Time(std::chrono::milliseconds(1'700'000'000'123));
  return row;
}

TEST(EncodingTest, ARowIsReadBackAsItWasWritten) {
  EXPECT_EQ(decode_enrolment(encode(full_enrolment())).value(), full_enrolment());
  EXPECT_EQ(decode_enrolment(encode(Enrolment{})).value(), Enrolment{});
}

TEST(EncodingTest, ARowCutAnywhereIsCorrupt) {
  const Bytes whole = encode(full_enrolment());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = decode_enrolment(BytesView(whole).substr(0, size));
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code, ErrorCode::corrupt);
  }
}

TEST(EncodingTest, ARowWithBytesBehindItsEndIsCorrupt) {
  EXPECT_FALSE(decode_enrolment(encode(full_enrolment()) + 'x'));
  EXPECT_FALSE(decode_schedule(encode(Schedule{}) + 'x'));
}

TEST(EncodingTest, ARowOfAnotherVersionIsCorrupt) {
  Bytes row = encode(Schedule{});
  row[0] = 2;
  EXPECT_FALSE(decode_schedule(row));
}

TEST(EncodingTest, AStateThatDoesNotExistIsCorrupt) {
  Bytes row = encode(Schedule{});
  row[5] = 9;  // behind the version and the generation
  EXPECT_FALSE(decode_schedule(row));
}

TEST(EncodingTest, ALengthBeyondTheEndIsCorrupt) {
  EXPECT_FALSE(decode_queue(Bytes("\x01\xff\xff\xff\xff", 5)));
}

Batch full_batch() {
  return {.id = {.text = "batch"},
          .command = {.text = "uuid"},
          .audience = AudienceKind::all_users,
          .audience_ids = 1'000'000'000'000,
          .rate_per_second = 50,
          .expires_at = Time(std::chrono::milliseconds(1'700'000'000'123)),
          .priority = Priority::urgent,
          .state = BatchState::cancelled,
          .created_at = Time(std::chrono::milliseconds(1)),
          .changed_at = Time(std::chrono::milliseconds(2))};
}

BatchProgress full_progress() {
  BatchProgress row;
  row.phase = BatchPhase::withdrawing;
  row.expanded_to = {.chunk = 7, .index = 1'023, .last = mdm::EnrolmentId("A:1")};
  row.withdrawn_to = {.chunk = 6, .index = 2, .last = mdm::EnrolmentId("A")};
  std::uint64_t number = 0;
  for (std::uint64_t* count :
       {&row.counts.not_found, &row.counts.not_enrolled, &row.counts.queue_full,
        &row.counts.already_queued, &row.counts.live, &row.counts.acknowledged, &row.counts.failed,
        &row.counts.cancelled, &row.counts.expired, &row.counts.voided}) {
    *count = ++number;
  }
  return row;
}

TEST(EncodingTest, TheRowsOfABatchAreReadBackAsTheyWereWritten) {
  EXPECT_EQ(decode_batch(encode(full_batch())).value(), full_batch());
  const BatchProgress progress = full_progress();
  const BatchProgress read = decode_batch_progress(encode(progress)).value();
  EXPECT_EQ(read.phase, progress.phase);
  EXPECT_EQ(read.expanded_to, progress.expanded_to);
  EXPECT_EQ(read.withdrawn_to, progress.withdrawn_to);
  EXPECT_EQ(read.counts, progress.counts);
  const std::vector ids{mdm::EnrolmentId("A"), mdm::EnrolmentId("A:1"), mdm::EnrolmentId("B")};
  EXPECT_EQ(decode_audience(encode_audience(ids)).value(), ids);
}

TEST(EncodingTest, ARowOfABatchThatIsCutAnywhereIsCorrupt) {
  const std::vector ids{mdm::EnrolmentId("A"), mdm::EnrolmentId("B")};
  const Bytes batch = encode(full_batch()), progress = encode(full_progress()),
              audience = encode_audience(ids);
  for (std::size_t size = 0; size < batch.size(); ++size) {
    EXPECT_FALSE(decode_batch(BytesView(batch).substr(0, size))) << size;
  }
  for (std::size_t size = 0; size < progress.size(); ++size) {
    EXPECT_FALSE(decode_batch_progress(BytesView(progress).substr(0, size))) << size;
  }
  for (std::size_t size = 0; size < audience.size(); ++size) {
    EXPECT_FALSE(decode_audience(BytesView(audience).substr(0, size))) << size;
  }
  // A count that no audience has asks for no memory.
  EXPECT_FALSE(decode_audience(Bytes("\x01\xff\xff\xff\xff", 5)));
}

TEST(EncodingTest, ADeliveryKeepsItsBatch) {
  DeliveryRow row;
  row.delivery.command.text = "uuid";
  row.delivery.batch = BatchId{.text = "batch"};
  row.delivery.expires_at = Time(std::chrono::milliseconds(1'700'000'000'123));
  EXPECT_EQ(decode_delivery(encode(row))->delivery, row.delivery);
  row.delivery.batch.reset();
  row.delivery.expires_at = {};
  EXPECT_EQ(decode_delivery(encode(row))->delivery, row.delivery);
}

TEST(EncodingTest, AnAudiencesKeyNamesItsBatchAndBeginsNoOthers) {
  const BatchId batch{.text = "batch"}, longer{.text = "batch-2"};
  EXPECT_EQ(parse_audience_key(audience_key(batch, {.index = 15}, 7)), batch);
  EXPECT_FALSE(audience_key(longer, {}, 0).starts_with(audience_prefix(batch)));
  EXPECT_LT(audience_key(batch, {}, 255), audience_key(batch, {}, 256));
  EXPECT_EQ(parse_audience_key(""), std::nullopt);
  EXPECT_EQ(parse_audience_key(audience_key(batch, {}, 0) + 'x'), std::nullopt);
}

TEST(EncodingTest, UrgentWakesLieBeforeAllOthers) {
  const Time early{}, late{std::chrono::hours(1'000'000)};
  const mdm::EnrolmentId device("id");
  EXPECT_LT(due_key({}, Priority::urgent, late, device), due_key({}, Priority::bulk, early, device));
  EXPECT_EQ(parse_due_key(due_key({}, Priority::urgent, late, device))->priority, Priority::urgent);
  Bytes of_no_priority = due_key({}, Priority::urgent, late, device);
  of_no_priority[1] = 3;
  EXPECT_EQ(parse_due_key(of_no_priority), std::nullopt);
}

TEST(EncodingTest, KeysOfDueWakesOrderAsTheirTimesDo) {
  const Partition partition{.index = 3};
  const auto key = [&](std::int64_t milliseconds, const char* id) {
    return due_key(partition, Priority::bulk, Time(std::chrono::milliseconds(milliseconds)),
                   mdm::EnrolmentId(id));
  };
  EXPECT_LT(key(-1, "z"), key(0, "a"));
  EXPECT_LT(key(0, "z"), key(1, "a"));
  EXPECT_LT(key(255, "z"), key(256, "a"));
  EXPECT_LT(key(256, "a"), key(256, "b"));

  const WakeCursor cursor = parse_due_key(key(-7, "id")).value();
  EXPECT_EQ(cursor.due_at, Time(std::chrono::milliseconds(-7)));
  EXPECT_EQ(cursor.enrolment, mdm::EnrolmentId("id"));
  EXPECT_EQ(parse_due_key("short"), std::nullopt);
}

TEST(EncodingTest, NoLifesPrefixBeginsAnothers) {
  const std::vector prefixes{life_prefix(mdm::EnrolmentId("A"), 1),
                             life_prefix(mdm::EnrolmentId("A"), 2),
                             life_prefix(mdm::EnrolmentId("AB"), 1),
                             life_prefix(mdm::EnrolmentId(std::string("A\0\0\0\1", 5)), 1)};
  for (const Bytes& one : prefixes) {
    for (const Bytes& other : prefixes) {
      if (&one == &other) continue;
      EXPECT_FALSE(other.starts_with(one));
    }
  }
}

}  // namespace
}  // namespace reveille::storage::rocks
