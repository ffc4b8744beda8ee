#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reveille::bench {

struct PlotPoint {
  double x = 0;
  double y = 0;
};

struct PlotSeries {
  std::string name;
  std::string style;  // a class of the page's style sheet: its colour, and whether it is dashed
  std::vector<PlotPoint> points;
};

struct Plot {
  std::string title;
  std::string unit;
  std::vector<PlotSeries> series;
  std::string x_unit = "s";
};

// The least of 1, 2, 2.5 and 5 times a power of ten that is not below `value`; 1 for 0.
double round_up_for_axis(double value);

std::string escape_for_html(std::string_view text);

// An <svg> element with axes, a grid of four lines, a legend and a line for each series. Colours
// come from the page, so that it can be light or dark.
std::string draw_plot(const Plot& plot);

}  // namespace reveille::bench
