#include "protocol/http/body_budget.h"

#include <gtest/gtest.h>

#include <vector>

#include "protocol/http/message.h"

namespace reveille::http {
namespace {

constexpr std::size_t mebibyte = 1u << 20;

TEST(BodyBudgetTest, WhatHasNoRoomChangesNothing) {
  const auto budget = std::make_shared<BodyBudget>(8 * mebibyte);
  BodyShare one(budget), other(budget);
  EXPECT_TRUE(one.grow(4 * mebibyte));
  EXPECT_FALSE(other.grow(3 * mebibyte));
  EXPECT_EQ(budget->bytes_held(), 4 * mebibyte);
  EXPECT_TRUE(other.grow(2 * mebibyte));
  EXPECT_EQ(budget->bytes_held(), 6 * mebibyte);
}

TEST(BodyBudgetTest, LargeBodiesLeaveRoomForSmallOnes) {
  const auto budget = std::make_shared<BodyBudget>(8 * mebibyte);
  BodyShare large(budget);
  while (large.grow(1'000)) {
  }
  EXPECT_LT(budget->bytes_held(), 7 * mebibyte);
  std::vector<BodyShare> small(16, BodyShare());
  for (BodyShare& share : small) {
    share = BodyShare(budget);
    EXPECT_TRUE(share.grow(BodyBudget::small_bytes_max));
    EXPECT_FALSE(share.grow(1'000)) << "it would be a large one";
  }
}

TEST(BodyBudgetTest, NothingIsHeldBeyondAllOfIt) {
  const auto budget = std::make_shared<BodyBudget>(2 * BodyBudget::small_bytes_max);
  BodyShare one(budget), two(budget), three(budget);
  EXPECT_TRUE(one.grow(BodyBudget::small_bytes_max));
  EXPECT_TRUE(two.grow(BodyBudget::small_bytes_max));
  EXPECT_FALSE(three.grow(1));
}

TEST(BodyBudgetTest, TheRoomComesBackWithTheRequest) {
  const auto budget = std::make_shared<BodyBudget>(mebibyte);
  {
    Request request;
    request.share = BodyShare(budget);
    EXPECT_TRUE(request.share.grow(100'000));
    const Request moved = std::move(request);
    EXPECT_EQ(budget->bytes_held(), 100'000u);
    const Request copied = moved;
    EXPECT_EQ(budget->bytes_held(), 100'000u) << "the copy holds nothing";
    Request other;
    other.share = BodyShare(budget);
    EXPECT_TRUE(other.share.grow(1));
    other = Request{};
    EXPECT_EQ(budget->bytes_held(), 100'000u);
  }
  EXPECT_EQ(budget->bytes_held(), 0u);
}

}  // namespace
}  // namespace reveille::http
