#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/plist/value.h"

// How <integer>, <real> and <date> are spelled in XML property lists. Blanks around the text of a
// number or date are ignored; nullopt when it is none.
namespace reveille::plist {

// Without the blanks, tabs and line breaks at both ends.
std::string_view trimmed(std::string_view text);

// Decimal, or hexadecimal after 0x, with a sign or without; from -2^63 to 2^64 - 1.
std::optional<Integer> parse_integer(std::string_view text);

// Decimal with or without a point and an exponent; nan, inf and infinity in any case, signed or
// not.
std::optional<double> parse_real(std::string_view text);

// "2022-09-09T08:38:04Z", years 0000 to 9999.
std::optional<Date> parse_date(std::string_view text);

std::string integer_text(Integer integer);
std::string real_text(double real);  // the shortest that reads back as the same number
std::string date_text(Date date);

// The dates that the XML form can spell.
constexpr std::chrono::sys_seconds date_min = std::chrono::sys_days(
    std::chrono::year_month_day(std::chrono::year(0), std::chrono::January, std::chrono::day(1)));
constexpr std::chrono::sys_seconds date_max =
    std::chrono::sys_days(std::chrono::year_month_day(std::chrono::year(10000),
                                                      std::chrono::January, std::chrono::day(1))) -
    std::chrono::seconds(1);

}  // namespace reveille::plist
