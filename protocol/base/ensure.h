#pragma once

#include <source_location>

namespace reveille {

// Stops the process, in every build, when `condition` is false: for what our own code promised,
// never for what arrived from outside (that is a Result).
void ensure(bool condition, const char* promise,
            std::source_location where = std::source_location::current());

}  // namespace reveille
