#pragma once

#include <string>

#include "protocol/base/bytes.h"

namespace reveille::pki {

// The `openssl` command as a witness: it runs in a folder of its own, which goes with the object.
class OpensslTool {
 public:
  OpensslTool();
  ~OpensslTool();
  OpensslTool(const OpensslTool&) = delete;
  OpensslTool& operator=(const OpensslTool&) = delete;

  static bool is_installed();

  void write(const std::string& file, BytesView contents) const;
  Bytes read(const std::string& file) const;  // empty when there is none

  struct Outcome {
    int exit_status;
    std::string output;  // standard output and error
  };
  // `arguments` are words for the shell, files relative to the folder.
  Outcome run(const std::string& arguments) const;

 private:
  std::string folder_;
};

}  // namespace reveille::pki
