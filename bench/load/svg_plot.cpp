#include "bench/load/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace reveille::bench {
namespace {

// Of the drawing, in its own units; the page scales it.
constexpr double width = 860, height = 240;
constexpr double left = 64, right = 12, top = 40, bottom = 28;
constexpr int grid_lines = 4;

struct Scale {
  double x_max = 1, y_max = 1;
  double x(double value) const { return left + value / x_max * (width - left - right); }
  double y(double value) const { return height - bottom - value / y_max * (height - top - bottom); }
};

Scale scale_of(const Plot& plot) {
  double x_max = 0, y_max = 0;
  for (const PlotSeries& series : plot.series) {
    for (const PlotPoint& point : series.points) {
      x_max = std::max(x_max, point.x);
      y_max = std::max(y_max, point.y);
    }
  }
  return {.x_max = x_max == 0 ? 1 : x_max, .y_max = round_up_for_axis(y_max)};
}

std::string short_number(double value) {
  if (value >= 1e6) return fmt::format("{:.4g} M", value / 1e6);
  if (value >= 1e4) return fmt::format("{:.4g} k", value / 1e3);
  return fmt::format("{:.4g}", value);
}

// The unit stands once, at the end: "400 k devices" five times would run into each other.
std::string draw_axes(const Plot& plot, const Scale& scale) {
  std::string svg;
  for (int line = 0; line <= grid_lines; ++line) {
    const double value = scale.y_max * line / grid_lines;
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>", left,
        width - right, scale.y(value), scale.y(value));
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", left - 8,
                       scale.y(value) + 4, short_number(value));
    const bool is_last = line == grid_lines;
    const double x = scale.x_max * line / grid_lines;
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}{}</text>", scale.x(x),
                       height - 8, is_last ? "end" : "middle", short_number(x),
                       is_last ? " " + escape_for_html(plot.x_unit) : "");
  }
  return svg;
}

std::string draw_series(const PlotSeries& series, const Scale& scale) {
  std::string points;
  for (const PlotPoint& point : series.points) {
    points += fmt::format("{:.1f},{:.1f} ", scale.x(point.x), scale.y(point.y));
  }
  return fmt::format("<polyline class=\"line {}\" points=\"{}\"><title>{}</title></polyline>",
                     series.style, points, escape_for_html(series.name));
}

std::string draw_legend(const Plot& plot) {
  std::string svg;
  double x = width - right;
  for (auto series = plot.series.rbegin(); series != plot.series.rend(); ++series) {
    x -= 30 + 7 * static_cast<double>(series->name.size());
    svg += fmt::format("<line class=\"line {}\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"14\" y2=\"14\"/>",
                       series->style, x, x + 16);
    svg +=
        fmt::format("<text x=\"{:.1f}\" y=\"18\">{}</text>", x + 21, escape_for_html(series->name));
  }
  return svg;
}

}  // namespace

double round_up_for_axis(double value) {
  if (value <= 0) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 2.5, 5.0, 10.0}) {
    // A hair of room: 10^log10(x) may fall short of x.
    if (value <= step * power * (1 + 1e-9)) return step * power;
  }
  return 10 * power;
}

std::string escape_for_html(std::string_view text) {
  std::string escaped;
  for (const char character : text) {
    switch (character) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += character;
    }
  }
  return escaped;
}

std::string draw_plot(const Plot& plot) {
  const Scale scale = scale_of(plot);
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\"><text class=\"title\" x=\"{}\" "
      "y=\"18\">{} <tspan class=\"unit\">{}</tspan></text>",
      width, height, escape_for_html(plot.title), 4, escape_for_html(plot.title),
      escape_for_html(plot.unit));
  svg += draw_axes(plot, scale);
  for (const PlotSeries& series : plot.series) svg += draw_series(series, scale);
  svg += draw_legend(plot);
  return svg + "</svg>\n";
}

}  // namespace reveille::bench
