#include "bench/load/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "protocol/base/ensure.h"

namespace reveille::bench {
namespace {

double milliseconds(std::chrono::microseconds duration) {
  return static_cast<double>(duration.count()) / 1'000.0;
}

// Four significant digits: what a measurement is worth.
std::string number_text(double value) {
  const double size = std::fabs(value);
  if (size == 0) return "0";
  if (size >= 1'000) return fmt::format("{:.0f}", value);
  return fmt::format("{:.4g}", value);
}

std::string text_of(const Figures::Value& value) {
  if (const auto* count = std::get_if<std::int64_t>(&value)) return std::to_string(*count);
  if (const auto* number = std::get_if<double>(&value)) return number_text(*number);
  return std::get<std::string>(value);
}

}  // namespace

void Figures::add(std::string key, std::string label, double value, std::string unit) {
  figures_.push_back({std::move(key), std::move(label), value, std::move(unit)});
}

void Figures::add_count(std::string key, std::string label, std::uint64_t value, std::string unit) {
  figures_.push_back(
      {std::move(key), std::move(label), static_cast<std::int64_t>(value), std::move(unit)});
}

void Figures::add_text(std::string key, std::string label, std::string value) {
  figures_.push_back({std::move(key), std::move(label), std::move(value), ""});
}

void Figures::add_latency(const std::string& key, const std::string& label,
                          const LatencyHistogram& histogram) {
  const double p50 = milliseconds(histogram.percentile(0.5));
  const double p99 = milliseconds(histogram.percentile(0.99));
  const double p999 = milliseconds(histogram.percentile(0.999));
  add(key + "_p50_ms", label + ", p50", p50, "ms");
  add(key + "_p99_ms", label + ", p99", p99, "ms");
  add(key + "_p999_ms", label + ", p99.9", p999, "ms");
}

double Figures::number(const std::string& key) const {
  const auto found = std::ranges::find(figures_, key, &Figure::key);
  ensure(found != figures_.end(), "the figure exists");
  if (const auto* count = std::get_if<std::int64_t>(&found->value)) {
    return static_cast<double>(*count);
  }
  return std::get<double>(found->value);
}

std::string Figures::as_table() const {
  std::size_t label_width = 0;
  for (const Figure& figure : figures_) label_width = std::max(label_width, figure.label.size());
  std::string table = title_ + "\n";
  for (const Figure& figure : figures_) {
    if (figure.label.empty()) continue;
    const bool is_text = std::holds_alternative<std::string>(figure.value);
    table += is_text
                 ? fmt::format("  {:<{}}  {}\n", figure.label, label_width, text_of(figure.value))
                 : fmt::format("  {:<{}}  {:>12} {}\n", figure.label, label_width,
                               text_of(figure.value), figure.unit);
  }
  return table;
}

std::string Figures::as_json() const {
  std::string json;
  for (const Figure& figure : figures_) {
    json += fmt::format("{}{}: ", json.empty() ? "" : ", ",
                        boost::json::serialize(boost::json::string(figure.key)));
    const auto* text = std::get_if<std::string>(&figure.value);
    const auto* number = std::get_if<double>(&figure.value);
    // Boost writes 1.25E0 for what people read as well.
    if (text != nullptr) {
      json += boost::json::serialize(boost::json::string(*text));
    } else if (number != nullptr) {
      json += std::isfinite(*number) ? fmt::format("{:.6g}", *number) : "null";
    } else {
      json += std::to_string(std::get<std::int64_t>(figure.value));
    }
  }
  return "{" + json + "}";
}

}  // namespace reveille::bench
