#include "protocol/base/ensure.h"

#include <cstdio>
#include <cstdlib>

namespace reveille {

void ensure(bool condition, const char* promise, std::source_location where) {
  if (condition) return;
  std::fprintf(stderr, "%s:%u: %s: broken promise: %s\n", where.file_name(),
               static_cast<unsigned>(where.line()), where.function_name(), promise);
  std::abort();
}

}  // namespace reveille
