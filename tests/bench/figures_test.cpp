#include "bench/load/figures.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace reveille::bench {
namespace {

Figures example() {
  Figures figures("push: the APNs client alone");
  figures.add("elapsed_s", "elapsed", 1.25, "s");
  figures.add_count("ok", "accepted", 100'000);
  figures.add_text("keys", "device keys", "P-256");
  figures.add_count("hidden", "", 7);
  return figures;
}

TEST(Figures, JsonIsOneLineWithEveryFigureUnderItsKey) {
  const std::string json = example().as_json();

  EXPECT_EQ(json.find('\n'), std::string::npos);
  const boost::json::object object = boost::json::parse(json).as_object();
  EXPECT_DOUBLE_EQ(object.at("elapsed_s").as_double(), 1.25);
  EXPECT_EQ(object.at("ok").as_int64(), 100'000);
  EXPECT_EQ(object.at("keys").as_string(), "P-256");
  EXPECT_EQ(object.at("hidden").as_int64(), 7);
}

TEST(Figures, TheTableHasALineForEachFigureThatHasALabel) {
  const std::string table = example().as_table();

  EXPECT_TRUE(table.starts_with("push: the APNs client alone\n"));
  EXPECT_NE(table.find("elapsed              1.25 s\n"), std::string::npos) << table;
  EXPECT_NE(table.find("100000"), std::string::npos);
  EXPECT_EQ(table.find("7"), std::string::npos);
}

TEST(Figures, LatenciesAreToldInMillisecondsByThreePercentiles) {
  LatencyHistogram histogram;
  for (int i = 0; i < 990; ++i) histogram.add(std::chrono::microseconds(1'024));
  for (int i = 0; i < 10; ++i) histogram.add(std::chrono::microseconds(65'536));
  Figures figures("x");
  figures.add_latency("request", "request", histogram);

  EXPECT_DOUBLE_EQ(figures.number("request_p50_ms"), 1.024);
  EXPECT_DOUBLE_EQ(figures.number("request_p999_ms"), 65.536);
}

TEST(Figures, AFigureIsFoundByItsKeyWhetherItIsACountOrAMeasure) {
  EXPECT_DOUBLE_EQ(example().number("ok"), 100'000);
  EXPECT_DOUBLE_EQ(example().number("elapsed_s"), 1.25);
}

}  // namespace
}  // namespace reveille::bench
