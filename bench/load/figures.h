#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bench/load/svg_plot.h"
#include "tools/simulators/latency_histogram.h"

namespace reveille::bench {

using simulators::LatencyHistogram;

// The outcome of one measurement, in the order it is read: a table for people, one JSON object for
// programs.
class Figures {
 public:
  using Value = std::variant<std::int64_t, double, std::string>;
  struct Figure {
    std::string key;    // of the JSON member, its unit at the end: "elapsed_s"
    std::string label;  // empty: not in the table
    Value value;
    std::string unit;
  };

  explicit Figures(std::string title) : title_(std::move(title)) {}

  void add(std::string key, std::string label, double value, std::string unit);
  void add_count(std::string key, std::string label, std::uint64_t value, std::string unit = "");
  void add_text(std::string key, std::string label, std::string value);
  // p50, p99 and p99.9 as KEY_p50_ms and so on, in one line of the table.
  void add_latency(const std::string& key, const std::string& label,
                   const LatencyHistogram& histogram);

  // For the report page.
  void add_plots(std::vector<Plot> plots) { plots_ = std::move(plots); }
  const std::vector<Plot>& plots() const { return plots_; }

  const std::string& title() const { return title_; }
  const std::vector<Figure>& figures() const { return figures_; }
  double number(const std::string& key) const;  // ensures that there is one

  std::string as_table() const;
  std::string as_json() const;  // one line

 private:
  std::string title_;
  std::vector<Figure> figures_;
  std::vector<Plot> plots_;
};

}  // namespace reveille::bench
