#include "storage/records.h"

#include <gtest/gtest.h>

namespace reveille::storage {
namespace {

// The hash is part of the on-disk format: published vectors of FNV-1a (64 bit), modulo 16.
TEST(RecordsTest, PartitionsFollowThePublishedVectorsOfFnv1a) {
  EXPECT_EQ(partition_of(mdm::EnrolmentId("a")).index, 0xc);       // af63dc4c8601ec8c
  EXPECT_EQ(partition_of(mdm::EnrolmentId("foobar")).index, 0x8);  // 85944171f73967e8
  EXPECT_EQ(partition_of(mdm::CommandUuid{"foobar"}).index, 0x8);
}

TEST(RecordsTest, ADeviceAndItsUserChannelsShareAPartition) {
  EXPECT_EQ(partition_of(mdm::EnrolmentId("foobar:user")),
            partition_of(mdm::EnrolmentId("foobar")));
}

TEST(RecordsTest, ADigestHasThirtyTwoBytes) {
  EXPECT_EQ(Sha256::from(std::string(32, 'x')).view(), std::string(32, 'x'));
  EXPECT_DEATH(Sha256::from("short"), "32 bytes");
}

TEST(RecordsTest, StatesAndReasonsHaveNames) {
  EXPECT_STREQ(name_of(EnrolmentState::enrolled), "enrolled");
  EXPECT_STREQ(name_of(EndReason::checked_out), "checked_out");
  EXPECT_STREQ(name_of(DeliveryState::voided), "voided");
}

}  // namespace
}  // namespace reveille::storage
