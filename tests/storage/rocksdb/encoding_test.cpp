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
