#include "tests/protocol/pki/openssl_tool.h"

#include <stdlib.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "protocol/base/ensure.h"

namespace reveille::pki {

namespace {

OpensslTool::Outcome run_in_shell(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  ensure(pipe != nullptr, "a shell starts");
  std::string output;
  std::array<char, 4096> buffer;
  size_t size = 0;
  while ((size = fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
    output.append(buffer.data(), size);
  }
  const int status = pclose(pipe);
  return {.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1, .output = output};
}

}  // namespace

OpensslTool::OpensslTool() {
  std::string pattern = std::filesystem::temp_directory_path() / "reveille-openssl-XXXXXX";
  ensure(mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
  folder_ = pattern;
}

OpensslTool::~OpensslTool() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

bool OpensslTool::is_installed() { return run_in_shell("openssl version 2>&1").exit_status == 0; }

void OpensslTool::write(const std::string& file, BytesView contents) const {
  std::ofstream stream(folder_ + "/" + file, std::ios::binary);
  stream.write(contents.data(), static_cast<std::streamsize>(contents.size()));
}

Bytes OpensslTool::read(const std::string& file) const {
  std::ifstream stream(folder_ + "/" + file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

OpensslTool::Outcome OpensslTool::run(const std::string& arguments) const {
  return run_in_shell("cd '" + folder_ + "' && timeout 60 openssl " + arguments +
                      " 2>&1 </dev/null");
}

}  // namespace reveille::pki
