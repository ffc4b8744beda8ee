#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/ensure.h"

namespace reveille::bench {

// A message of tests/testdata, by its path in there.
inline Bytes message_file(const std::string& path) {
  std::ifstream stream(REVEILLE_TESTDATA + ("/" + path), std::ios::binary);
  ensure(stream.is_open(), "tests/testdata is where it was at the build");
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace reveille::bench
