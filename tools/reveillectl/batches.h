#pragma once

#include <string>

#include "tools/reveillectl/subcommands.h"

namespace reveille {

// Shows a batch's progress until it is at its end: one line that renews itself on a terminal, else
// a line for each change. Ctrl-C ends the watching, not the batch.
int watch_batch(const Session& session, const std::string& id);

// "expanding 1200/40000, 800 live, 390 acknowledged, 10 skipped"
std::string progress_text(const boost::json::object& batch);

// Nothing will change any more: everything that was asked for has an end.
bool is_at_end(const boost::json::object& batch);

}  // namespace reveille
