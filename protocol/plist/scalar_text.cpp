#include "protocol/plist/scalar_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

namespace reveille::plist {
namespace {

constexpr std::string_view blanks = " \t\r\n";

bool take_sign(std::string_view& text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  return negative;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& character : lower) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character + 32);
  }
  return lower;
}

std::optional<int> parse_digits(std::string_view digits) {
  int number = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + (digit - '0');
  }
  return number;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::optional<Integer> parse_integer(std::string_view text) {
  text = trimmed(text);
  const bool negative = take_sign(text);
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t magnitude = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto read = std::from_chars(begin, end, magnitude, base);
  if (text.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  constexpr std::uint64_t signed_max = std::numeric_limits<std::int64_t>::max();
  if (negative) {
    if (magnitude > signed_max + 1) return std::nullopt;
    return Integer{static_cast<std::int64_t>(0 - magnitude), false};
  }
  return Integer{static_cast<std::int64_t>(magnitude), magnitude > signed_max};
}

std::optional<double> parse_real(std::string_view text) {
  text = trimmed(text);
  const bool negative = take_sign(text);
  if (text.empty()) return std::nullopt;
  const std::string word = text.size() <= 8 ? lower_case(text) : std::string();
  double magnitude = 0;
  if (word == "inf" || word == "infinity") {
    magnitude = std::numeric_limits<double>::infinity();
  } else if (word == "nan") {
    magnitude = std::numeric_limits<double>::quiet_NaN();
  } else {
    // from_chars would also take its own spellings of NaN, and a second sign.
    if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
    if (text.front() == '-' || text.front() == '+') return std::nullopt;
    const char* begin = text.data();
    const char* end = begin + text.size();
    const auto read = std::from_chars(begin, end, magnitude);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  }
  return negative ? -magnitude : magnitude;
}

std::optional<Date> parse_date(std::string_view text) {
  text = trimmed(text);
  constexpr std::string_view form = "0000-00-00T00:00:00Z";
  if (text.size() != form.size()) return std::nullopt;
  for (const std::size_t at : {4, 7, 10, 13, 16, 19}) {
    if (text[at] != form[at]) return std::nullopt;
  }
  const auto year = parse_digits(text.substr(0, 4));
  const auto month = parse_digits(text.substr(5, 2));
  const auto day = parse_digits(text.substr(8, 2));
  const auto hour = parse_digits(text.substr(11, 2));
  const auto minute = parse_digits(text.substr(14, 2));
  const auto second = parse_digits(text.substr(17, 2));
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return Date{std::chrono::sys_days(date) + std::chrono::hours(*hour) +
              std::chrono::minutes(*minute) + std::chrono::seconds(*second)};
}

std::string integer_text(Integer integer) {
  return integer.above_signed_range ? std::to_string(static_cast<std::uint64_t>(integer.value))
                                    : std::to_string(integer.value);
}

std::string real_text(double real) {
  if (std::isnan(real)) return "nan";
  if (std::isinf(real)) return real > 0 ? "+infinity" : "-infinity";
  std::array<char, 32> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), real);
  return {text.data(), written.ptr};
}

std::string date_text(Date date) {
  const std::chrono::sys_seconds time = std::clamp(date.time, date_min, date_max);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day calendar(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                static_cast<int>(calendar.year()), static_cast<unsigned>(calendar.month()),
                static_cast<unsigned>(calendar.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

}  // namespace reveille::plist
