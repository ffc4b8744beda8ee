#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "dispatcher/runtime/random_source.h"
#include "protocol/base/bytes.h"
#include "protocol/base/error.h"

namespace reveille {

// Where the daemon listens, once it does; port 0: not at all.
struct Addresses {
  std::uint16_t device_port = 0;
  std::uint16_t operators_port = 0;
  std::uint16_t proxied_port = 0;
  std::filesystem::path admin_socket;
};

// The folder that survives a restart:
//
//   db/             the database
//   secret.key      32 bytes in hexadecimal and a newline, mode 0600: seals secrets in the database
//   ca.pem, ca.key  the authority that issues identities
//   reveilled.json  where the running daemon listens: for tests and scripts; gone after a clean
//   stop
//
// Errors: unavailable, as one sentence that names the path and what to do.
class StateFolder {
 public:
  // Creates it (mode 0700) when missing, and checks that it can be written.
  static Result<StateFolder> open(const std::filesystem::path& folder);

  const std::filesystem::path& path() const { return folder_; }
  std::filesystem::path database() const { return folder_ / "db"; }

  // Read from the file, or made at random the first time. A database whose key is gone is left
  // alone: with a new key its secrets could never be read again.
  Result<Bytes> secret_key(RandomSource& random) const;

  Result<void> write_addresses(const Addresses& addresses) const;
  void remove_addresses() const;

 private:
  explicit StateFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::filesystem::path folder_;
};

// Replaces a file as a whole and durably, mode 0600.
Result<void> write_private_file(const std::filesystem::path& file, BytesView bytes);

// Errors: unavailable, naming the file.
Result<Bytes> read_whole_file(const std::filesystem::path& file);

}  // namespace reveille
