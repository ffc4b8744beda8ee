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
  row[0] = 3;
  EXPECT_FALSE(decode_schedule(row));
}

TEST(EncodingTest, AStateThatDoesNotExistIsCorrupt) {
  Bytes row = encode(Schedule{});
  row[2] = 9;  // behind the version and the generation
  EXPECT_FALSE(decode_schedule(row));
}

TEST(EncodingTest, ALengthBeyondTheEndIsCorrupt) {
  EXPECT_FALSE(decode_delivery(Bytes("\x01\xff\xff\xff\xff", 5)));
  EXPECT_FALSE(decode_command(Bytes("\x01\0\0\0\0\0\0\0\0\xff\xff\xff\xff", 13)));
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

TEST(EncodingTest, AChallengeOfTheVersionBeforeIsReadWithoutACertificate) {
  ChallengeRow row{.expires_at = Time(std::chrono::milliseconds(7)),
                   .spent_on = Sha256::from(std::string(32, 'k')),
                   .certificate = {}};
  Bytes before = encode(row);
  before.pop_back();  // the flag: no certificate
  before.front() = 1;
  EXPECT_EQ(decode_challenge(before)->spent_on, row.spent_on);
  row.certificate = "certificate";
  EXPECT_EQ(decode_challenge(encode(row))->certificate, "certificate");
  EXPECT_FALSE(decode_challenge(encode(row) + 'x'));
  EXPECT_FALSE(decode_challenge(""));
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
  EXPECT_LT(due_key({}, Priority::urgent, late, 1), due_key({}, Priority::bulk, early, 0));
}

TEST(EncodingTest, KeysOfDueWakesOrderAsTheirTimesDo) {
  const Partition partition{.index = 3};
  const auto key = [&](std::int64_t milliseconds, std::uint64_t block) {
    return due_key(partition, Priority::bulk, Time(std::chrono::milliseconds(milliseconds)), block);
  };
  EXPECT_LT(key(-1, 9), key(0, 0));
  EXPECT_LT(key(0, 9), key(1, 0));
  EXPECT_LT(key(255, 9), key(256, 0));
  EXPECT_LT(key(256, 255), key(256, 256));

  EXPECT_EQ(parse_due_key(key(-7, 1)), (DuePlace{Time(std::chrono::milliseconds(-7)), 1}));
  EXPECT_EQ(parse_due_key("short"), std::nullopt);
  EXPECT_EQ(parse_due_key(key(-7, 1) + 'x'), std::nullopt);
}

TEST(EncodingTest, ABlockOfDueWakesIsReadBackOrCorrupt) {
  const std::vector<BytesView> ids{"A", "A:1", "B"};
  const Bytes block = encode_due(ids);
  EXPECT_EQ(decode_due(block).value(), ids);
  EXPECT_FALSE(decode_due(block + 'x'));
  for (std::size_t size = 0; size < block.size(); ++size) {
    EXPECT_FALSE(decode_due(BytesView(block).substr(0, size))) << size;
  }
  // A count that no block has asks for no memory.
  EXPECT_FALSE(decode_due(Bytes("\x01\xff\xff\xff\xff\x7f", 6)));
}

TEST(EncodingTest, NumbersOfAnySizeAreReadBackAndTooLongOnesRefused) {
  for (const std::uint64_t value : {0ull, 1ull, 127ull, 128ull, 1ull << 32, ~0ull}) {
    const Bytes bytes = Writer(1).number(value).take();
    Reader reader(bytes, 1);
    EXPECT_EQ(reader.number(), value);
    EXPECT_TRUE(reader.ok());
  }
  const Bytes too_long("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12);
  Reader endless(too_long, 1);
  endless.number();
  EXPECT_FALSE(endless.ok());
  const Bytes big = Writer(1).number(1ull << 32).take();
  Reader narrow(big, 1);
  narrow.number32();
  EXPECT_FALSE(narrow.ok());
}

TEST(EncodingTest, AScheduleKeepsItsQueue) {
  Schedule row;
  row.generation = 300;
  row.live = 2;
  row.next_sequence = 1'000;
  row.wake.due_at = Time(std::chrono::milliseconds(-1));
  row.wake.attempts = 3;
  row.wake.first_pushed_at = Time(std::chrono::milliseconds(1'700'000'000'000));
  row.due_block = 70'000;
  row.wake.last_apns_reason = "Shutdown";
  row.in_row = 2;
  row.queue = "anything";
  const Bytes bytes = encode(row);
  const Schedule read = decode_schedule(bytes).value();
  EXPECT_EQ(encode(read), bytes);
  EXPECT_EQ(read.wake.due_at, row.wake.due_at);
  EXPECT_EQ(read.wake.first_pushed_at, row.wake.first_pushed_at);
  EXPECT_EQ(read.due_block, row.due_block);
  EXPECT_EQ(read.queue, row.queue);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_schedule(BytesView(bytes).substr(0, size))) << size;
  }
}

TEST(EncodingTest, ADeliveryThatIsEncodedForManyIsTheRowOfEach) {
  DeliveryRow row;
  row.delivery.command.text = "uuid";
  row.delivery.request_type = "DeviceInformation";
  row.delivery.queued_at = row.delivery.expires_at = Time(std::chrono::hours(1'000));
  row.delivery.batch = BatchId{.text = "batch"};
  const NewDelivery for_many(row.delivery);
  for (const std::uint64_t sequence : {0ull, 127ull, 128ull, 1ull << 14, 1ull << 40, ~0ull}) {
    row.sequence = sequence;
    EXPECT_EQ(for_many.at(sequence), encode(row)) << sequence;
    EXPECT_EQ(for_many.size_at(sequence), encode(row).size()) << sequence;
  }
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
