#pragma once

#include "tools/reveille/configuration.h"
#include "tools/reveille/options_file.h"

namespace reveille {

// Reads every file that an option names, and looks at addresses, URLs and folders, by the functions
// that the start uses where there are such. What fails is a mistake of that option.
void check_surroundings(const Configuration& configuration, OptionsFile& options);

}  // namespace reveille
