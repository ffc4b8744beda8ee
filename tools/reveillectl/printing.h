#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.h"
#include "tools/reveillectl/subcommands.h"

namespace reveille {

// "reveillectl: ..." on standard error; returns the exit code 1.
int report(const Error& error);

void print(std::string_view text);  // standard output

// The whole file. Errors: not_found, naming it.
Result<Bytes> read_file(const std::filesystem::path& file);

// The ids of all enrolled devices and users, page by page.
Result<std::vector<std::string>> enrolled_ids(const AdminClient& client);

}  // namespace reveille
