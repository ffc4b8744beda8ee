#pragma once

#include "tools/reveille/configuration.h"
#include "tools/reveille/options_file.h"

namespace reveille {

// Reads every file that an option names, and what else only the parts can judge (URLs, addresses),
// by the functions that the start uses. What fails is a mistake of that option.
void check_named_files(const Configuration& configuration, OptionsFile& options);

}  // namespace reveille
