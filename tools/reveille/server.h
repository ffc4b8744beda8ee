#pragma once

#include <memory>

#include "dispatcher/runtime/log.h"
#include "protocol/base/error.h"
#include "tools/reveille/configuration.h"
#include "tools/reveille/state_folder.h"

namespace reveille {

// The whole daemon: builds every part, hands each what it needs, and stops them in order.
//
// Threads: start(), reload() and stop() from the main thread.
class Server {
 public:
  // Listens when this returns. Errors: one sentence for people, about the first thing that is
  // wrong: an address in use, a folder that cannot be written, a certificate without its key.
  // `log` outlives the server.
  static Result<std::unique_ptr<Server>> start(const Configuration& configuration, Log& log);

  ~Server();  // stops, if nobody has

  // Reads the certificate files again; on an error it is logged and the old ones stay.
  void reload();

  // Takes no more; lets what has begun end, for some seconds; closes the store.
  void stop();

  // The database failed a write, and the process was sent SIGTERM for it.
  bool store_broken() const;

  const Addresses& addresses() const;

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace reveille
