#pragma once

#include <memory>

#include "storage/store.h"

namespace reveille::storage {

// The model that the engines are tested against: plain containers, nothing survives. Any number of
// lanes; they wait for each other.
std::unique_ptr<Store> make_memory_store(const StoreOptions& options);

}  // namespace reveille::storage
