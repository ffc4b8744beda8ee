// Reads a property list from standard input and writes it as "xml" or "binary": for the test that
// holds our reader and writers against Python's plistlib.

#include <cstdio>
#include <iterator>
#include <iostream>
#include <string>

#include "protocol/plist/parse.h"
#include "protocol/plist/write.h"

int main(int count, char** values) {
  const std::string input(std::istreambuf_iterator<char>(std::cin), {});
  const auto value = reveille::plist::parse(input);
  if (!value) {
    std::cerr << value.error().detail << "\n";
    return 1;
  }
  const bool binary = count > 1 && std::string(values[1]) == "binary";
  std::cout << (binary ? reveille::plist::write_binary(*value)
                       : reveille::plist::write_xml(*value));
  return 0;
}
