#include "bench/load/report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "bench/load/svg_plot.h"

namespace reveille::bench {
namespace {

constexpr std::string_view data_begin = "<script type=\"application/json\" id=\"measurement\">";
constexpr std::string_view data_end = "</script>";

constexpr std::string_view style = R"(
:root { color-scheme: light dark; --ink: #1d2026; --quiet: #6b7280; --paper: #fbfbfa;
  --rule: #e3e4e8; --a: #0b66c3; --b: #c2410c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e9ec; --quiet: #9aa1ac; --paper: #16181c;
  --rule: #2c3038; --a: #6cb2ff; --b: #ff9a5c; } }
body { margin: 2.5rem auto; max-width: 56rem; padding: 0 1rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.35rem; font-weight: 600; margin: 0 0 .3rem; }
p { margin: .1rem 0; color: var(--quiet); } code { overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: 1.5rem 0; width: 100%; }
td, th { padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--rule); text-align: left;
  font-weight: 400; } th { color: var(--quiet); }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; margin: .6rem 0; display: block; }
svg text { fill: var(--quiet); font: 11px system-ui, sans-serif; }
svg text.title { fill: var(--ink); font-size: 13px; font-weight: 600; }
svg .unit { fill: var(--quiet); font-weight: 400; }
svg .grid { stroke: var(--rule); }
svg .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
svg .a { stroke: var(--a); } svg .b { stroke: var(--b); }
svg .earlier { stroke-dasharray: 4 4; opacity: .6; }
)";

using Read = std::function<double(const Sample&)>;

PlotSeries series_of(const Measurement& measurement, std::string name, std::string style_class,
                     const Read& read) {
  PlotSeries series{.name = std::move(name), .style = std::move(style_class), .points = {}};
  for (const Sample& sample : measurement.samples) {
    series.points.push_back({.x = sample.second, .y = read(sample)});
  }
  return series;
}

struct Curve {
  std::string name, style;
  Read read;
};

// Nothing for what was not measured.
std::string draw(const Measurement& now, const std::optional<Measurement>& earlier,
                 std::string title, std::string unit, const std::vector<Curve>& curves) {
  Plot plot{.title = std::move(title), .unit = std::move(unit), .series = {}};
  bool is_measured = false;
  for (const Curve& curve : curves) {
    plot.series.push_back(series_of(now, curve.name, curve.style, curve.read));
    is_measured |= std::ranges::any_of(plot.series.back().points,
                                       [](const PlotPoint& point) { return point.y != 0; });
    if (!earlier) continue;
    plot.series.push_back(
        series_of(*earlier, curve.name + ", earlier", curve.style + " earlier", curve.read));
  }
  return is_measured ? draw_plot(plot) : std::string();
}

std::optional<double> number_of(const Figures::Figure& figure) {
  if (const auto* count = std::get_if<std::int64_t>(&figure.value)) {
    return static_cast<double>(*count);
  }
  if (const auto* number = std::get_if<double>(&figure.value)) return *number;
  return std::nullopt;
}

std::string value_cell(const Figures::Figure& figure) {
  const std::optional<double> number = number_of(figure);
  if (!number) {
    return fmt::format("<td>{}</td>", escape_for_html(std::get<std::string>(figure.value)));
  }
  const std::string text =
      *number >= 1'000 ? fmt::format("{:.0f}", *number) : fmt::format("{:.4g}", *number);
  return fmt::format("<td class=\"number\">{} {}</td>", text, escape_for_html(figure.unit));
}

std::string earlier_cells(const Figures::Figure& figure, const Measurement& earlier) {
  const auto& figures = earlier.figures.figures();
  const auto found = std::ranges::find(figures, figure.key, &Figures::Figure::key);
  if (found == figures.end()) return "<td></td><td></td>";
  const std::optional<double> now = number_of(figure), before = number_of(*found);
  std::string change;
  if (now && before && *before != 0) {
    change = fmt::format("{:+.1f} %", (*now / *before - 1) * 100);
  }
  return value_cell(*found) + fmt::format("<td class=\"number\">{}</td>", change);
}

std::string figures_table(const Measurement& now, const std::optional<Measurement>& earlier) {
  std::string html = "<table>\n";
  if (earlier) html += "<tr><th></th><th>now</th><th>earlier</th><th>change</th></tr>\n";
  for (const Figures::Figure& figure : now.figures.figures()) {
    if (figure.label.empty()) continue;
    html +=
        fmt::format("<tr><td>{}</td>{}{}</tr>\n", escape_for_html(figure.label), value_cell(figure),
                    earlier ? earlier_cells(figure, *earlier) : std::string());
  }
  return html + "</table>\n";
}

std::string origin(const Measurement& measurement, std::string_view label) {
  return fmt::format("<p>{}{} on {}</p>\n<p><code>{}</code></p>\n", label,
                     escape_for_html(measurement.measured_at), escape_for_html(measurement.machine),
                     escape_for_html(measurement.command_line));
}

// Inside <script>, only "</" could end the data early; JSON may write it as "<\/".
std::string embed(const Measurement& measurement) {
  std::string json = to_json(measurement);
  for (std::size_t at = 0; (at = json.find("</", at)) != std::string::npos; at += 3) {
    json.insert(at + 1, "\\");
  }
  return std::string(data_begin) + json + std::string(data_end) + "\n";
}

}  // namespace

std::string make_report_page(const Measurement& now, const std::optional<Measurement>& earlier) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n";
  html += fmt::format("<title>reveille-bench {}</title>\n<style>{}</style>\n<h1>{}</h1>\n",
                      escape_for_html(now.subcommand), style, escape_for_html(now.figures.title()));
  html += origin(now, "");
  if (earlier) html += origin(*earlier, "Earlier: ");
  html += figures_table(now, earlier);
  for (const Plot& plot : now.figures.plots()) html += draw_plot(plot);
  html += draw(now, earlier, "Rate", "1/s",
               {{"rate", "a", [](const Sample& sample) { return sample.per_second; }}});
  html += draw(now, earlier, "Latency", "ms",
               {{"p50", "a", [](const Sample& sample) { return sample.p50_ms; }},
                {"p99", "b", [](const Sample& sample) { return sample.p99_ms; }}});
  html += draw(now, earlier, "CPU of the measured process", "cores",
               {{"CPU", "a", [](const Sample& sample) { return sample.cpu_share; }}});
  html += draw(now, earlier, "Resident memory", "MiB",
               {{"memory", "a", [](const Sample& sample) { return sample.resident_mib; }}});
  return html + embed(now) + "</html>\n";
}

Result<Measurement> measurement_in_page(std::string_view page) {
  const std::size_t begin = page.find(data_begin);
  const std::size_t end = page.find(data_end, begin);
  if (begin == std::string_view::npos || end == std::string_view::npos) {
    return failure(ErrorCode::malformed, "not a report of reveille-bench");
  }
  const std::size_t first = begin + data_begin.size();
  return measurement_from_json(page.substr(first, end - first));
}

}  // namespace reveille::bench
