#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace reveille {

// Lines of equal columns for a terminal, the first row as the heading.
std::string format_table(const std::vector<std::vector<std::string>>& rows);

// A member as people read it: "" when absent, "yes" and "no" for booleans.
std::string text_of(const boost::json::object& object, std::string_view key);

// "name   value" lines of the members that are no lists or objects.
std::string format_members(const boost::json::object& object);

}  // namespace reveille
