#include "bench/load/report_page.h"

#include <gtest/gtest.h>

#include "bench/load/svg_plot.h"

namespace reveille::bench {
namespace {

Measurement example(double cpu_us) {
  Measurement measurement;
  measurement.subcommand = "exchange";
  measurement.command_line = "reveille-bench exchange --report '</script><b>.html'";
  measurement.machine = "2 x Processor & Sons";
  measurement.measured_at = "2026-01-02T03:04:05Z";
  measurement.figures = Figures("exchange: Idle, command, Acknowledged, empty");
  measurement.figures.add("cpu_us", "CPU for each", cpu_us, "us");
  measurement.figures.add_count("runs", "runs", 5);
  measurement.figures.add_text("http", "HTTP", "2");
  measurement.samples = {{.second = 0.25,
                          .phase = "reveilled, run 1 of 5",
                          .per_second = 1'000,
                          .cpu_share = 0.5,
                          .resident_mib = 40,
                          .p50_ms = 1.5,
                          .p99_ms = 9},
                         {.second = 0.5,
                          .phase = "reveilled, run 1 of 5",
                          .per_second = 2'000,
                          .cpu_share = 0.75,
                          .resident_mib = 41,
                          .p50_ms = 1,
                          .p99_ms = 8}};
  return measurement;
}

TEST(ReportPage, HoldsItsMeasurementSoThatALaterReportCanBeComparedWithIt) {
  const Result<Measurement> read = measurement_in_page(make_report_page(example(80), std::nullopt));

  ASSERT_TRUE(read.has_value()) << read.error().detail;
  EXPECT_EQ(read->command_line, example(80).command_line);
  EXPECT_EQ(read->figures.as_json(), example(80).figures.as_json());
  ASSERT_EQ(read->samples.size(), 2u);
  EXPECT_DOUBLE_EQ(read->samples[1].per_second, 2'000);
  EXPECT_DOUBLE_EQ(read->samples[1].p99_ms, 8);
  EXPECT_EQ(read->samples[0].phase, "reveilled, run 1 of 5");
}

TEST(ReportPage, IsWholeWithoutAnythingFromElsewhere) {
  const std::string page = make_report_page(example(80), std::nullopt);

  for (const char* outside : {"http://", "https://", "<link", "src=", "@import", "url("}) {
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  }
  EXPECT_NE(page.find("prefers-color-scheme: dark"), std::string::npos);
}

TEST(ReportPage, DrawsRateLatencyCpuAndMemory) {
  const std::string page = make_report_page(example(80), std::nullopt);

  for (const char* title : {"Rate", "Latency", "CPU of the measured process", "Resident memory"}) {
    EXPECT_NE(page.find("aria-label=\"" + std::string(title) + "\""), std::string::npos) << title;
  }
}

TEST(ReportPage, LeavesOutThePlotOfWhatWasNotTimed) {
  Measurement untimed = example(80);
  for (Sample& sample : untimed.samples) sample.p50_ms = sample.p99_ms = 0;

  EXPECT_EQ(make_report_page(untimed, std::nullopt).find("aria-label=\"Latency\""),
            std::string::npos);
}

TEST(ReportPage, TellsTheChangeAgainstAnEarlierReport) {
  const std::string page = make_report_page(example(60), example(80));

  EXPECT_NE(page.find("-25.0 %"), std::string::npos);
  EXPECT_NE(page.find("+0.0 %"), std::string::npos);
  EXPECT_NE(page.find("class=\"line a earlier\""), std::string::npos);
}

TEST(ReportPage, EscapesWhatCameFromTheCommandLine) {
  const std::string page = make_report_page(example(80), std::nullopt);

  EXPECT_EQ(page.find("</script><b>"), std::string::npos);
  EXPECT_NE(page.find("Processor &amp; Sons"), std::string::npos);
}

TEST(ReportPage, AnotherPageIsRefused) {
  EXPECT_FALSE(measurement_in_page("<html>hello</html>").has_value());
  EXPECT_FALSE(measurement_in_page(
                   "<script type=\"application/json\" id=\"measurement\">{\"a\": 1}</script>")
                   .has_value());
  EXPECT_FALSE(
      measurement_in_page("<script type=\"application/json\" id=\"measurement\">").has_value());
}

TEST(SvgPlot, AxesEndAtRoundNumbers) {
  EXPECT_DOUBLE_EQ(round_up_for_axis(0), 1);
  EXPECT_DOUBLE_EQ(round_up_for_axis(3'700), 5'000);
  EXPECT_DOUBLE_EQ(round_up_for_axis(1'000), 1'000);
  EXPECT_DOUBLE_EQ(round_up_for_axis(0.21), 0.25);
  EXPECT_DOUBLE_EQ(round_up_for_axis(9.1), 10);
}

TEST(SvgPlot, TheHighestPointTouchesTheTopAndTheLastTheRight) {
  const std::string svg = draw_plot(
      {.title = "Rate",
       .unit = "1/s",
       .series = {
           {.name = "rate", .style = "a", .points = {{.x = 0, .y = 0}, {.x = 4, .y = 100}}}}});

  EXPECT_NE(svg.find("points=\"64.0,212.0 848.0,40.0 \""), std::string::npos) << svg;
}

}  // namespace
}  // namespace reveille::bench
