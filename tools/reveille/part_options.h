#pragma once

#include <filesystem>
#include <vector>

#include "dispatcher/apns/client.h"
#include "dispatcher/batch/options.h"
#include "dispatcher/http/listener.h"
#include "dispatcher/http/spool.h"
#include "dispatcher/runtime/storage_lanes.h"
#include "dispatcher/wake/wake_lanes.h"
#include "storage/rocksdb/rocksdb_store.h"
#include "tools/reveille/configuration.h"

// From the options of reveille.toml to those of each part.
namespace reveille {

storage::RocksdbOptions rocksdb_options(const Configuration& configuration,
                                        const std::filesystem::path& folder, Bytes secret_key);
StorageLanesOptions storage_lanes_options(const Configuration& configuration);
wake::WakeOptions wake_options(const Configuration& configuration);
batch::ExpanderOptions expander_options(const Configuration& configuration);
apns::ClientOptions apns_options(const Configuration& configuration,
                                 std::vector<pki::Certificate> anchors);
http::SpoolOptions spool_options(const Configuration& configuration,
                                 const std::filesystem::path& folder);
http::ListenerOptions device_listener_options(const Configuration& configuration);  // without TLS
// Of proxies that end TLS, on a port and on a Unix socket.
http::ListenerOptions proxied_port_options(const Configuration& configuration,
                                           const http::AddressSet& trusted);
http::ListenerOptions proxied_socket_options(const Configuration& configuration,
                                             const http::AddressSet& trusted);
http::ListenerOptions operators_listener_options(
    const Configuration& configuration);  // without TLS
http::ListenerOptions admin_listener_options(const Configuration& configuration);

}  // namespace reveille
