#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "protocol/base/error.h"

namespace reveille {

// The text of PEM files, one after the other.
// Errors: not_found, naming the file; malformed for one that is DER or PKCS #12 or holds an
// encrypted key, with the openssl command that makes a usable file of it.
Result<std::string> read_pem_files(const std::vector<std::filesystem::path>& files);

}  // namespace reveille
