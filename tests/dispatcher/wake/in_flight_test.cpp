#include "dispatcher/wake/in_flight.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace reveille::wake {
namespace {

storage::DueWake wake_of(const std::string& id) {
  storage::DueWake wake;
  wake.enrolment = mdm::EnrolmentId(id);
  return wake;
}

TEST(FlightTableTest, AnEnrolmentIsFoundUntilItsFlightIsOver) {
  FlightTable table(4);
  const FlightId flight = table.open(wake_of("phone"));
  EXPECT_EQ(table.find(mdm::EnrolmentId("phone")), flight);
  EXPECT_EQ(table.find(mdm::EnrolmentId("tablet")), FlightTable::none);
  EXPECT_EQ(table.free(), 3u);

  table.close(flight);
  EXPECT_EQ(table.find(mdm::EnrolmentId("phone")), FlightTable::none);
  EXPECT_EQ(table.free(), 4u);
}

TEST(FlightTableTest, ATicketOfAFlightThatIsOverFindsNothing) {
  FlightTable table(4);
  const FlightId first = table.open(wake_of("phone"));
  const std::uint64_t ticket = table.ticket(first, 200);
  EXPECT_EQ(table.find(ticket), first);
  EXPECT_EQ(FlightTable::lane_of(ticket), 200);

  table.close(first);
  EXPECT_EQ(table.find(ticket), FlightTable::none);

  const FlightId second = table.open(wake_of("tablet"));
  ASSERT_EQ(second, first) << "the place is used again";
  EXPECT_EQ(table.find(ticket), FlightTable::none);
  EXPECT_EQ(table.find(table.ticket(second, 200)), second);
}

TEST(FlightTableTest, AMadeUpTicketFindsNothing) {
  const FlightTable table(4);
  EXPECT_EQ(table.find(std::uint64_t{0}), FlightTable::none);
  EXPECT_EQ(table.find(~std::uint64_t{0}), FlightTable::none);
}

TEST(FlightTableTest, AgreesWithAMapOverARandomHistory) {
  std::mt19937_64 random(5);
  FlightTable table(64);
  std::map<std::string, FlightId> model;
  for (int step = 0; step < 200'000; ++step) {
    const std::string id = "device-" + std::to_string(random() % 200);
    const auto known = model.find(id);
    const FlightId found = table.find(mdm::EnrolmentId(id));
    ASSERT_EQ(found, known == model.end() ? FlightTable::none : known->second);
    if (known != model.end()) {
      table.close(found);
      model.erase(known);
    } else if (table.free() > 0) {
      model.emplace(id, table.open(wake_of(id)));
    }
    ASSERT_EQ(table.size(), model.size());
  }
}

TEST(FlightListTest, AgreesWithAVectorOverARandomHistory) {
  std::mt19937_64 random(6);
  FlightTable table(16);
  for (int i = 0; i < 16; ++i) table.open(wake_of(std::to_string(i)));
  FlightList list;
  std::vector<FlightId> model;
  for (int step = 0; step < 50'000; ++step) {
    const auto flight = static_cast<FlightId>(random() % 16);
    const auto known = std::ranges::find(model, flight);
    if (known != model.end()) {
      list.remove(table, flight);
      model.erase(known);
    } else if (random() % 4 == 0) {
      list.push_front(table, flight);
      model.insert(model.begin(), flight);
    } else {
      list.push_back(table, flight);
      model.push_back(flight);
    }
    ASSERT_EQ(list.size(), model.size());
    ASSERT_EQ(list.front(), model.empty() ? FlightTable::none : model.front());
  }
  std::vector<FlightId> left;
  for (; !list.empty(); list.remove(table, list.front())) left.push_back(list.front());
  EXPECT_EQ(left, model);
}

}  // namespace
}  // namespace reveille::wake
