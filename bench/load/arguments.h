#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "bench/load/subcommands.h"

namespace reveille::bench {

// What the command line can say.
struct Arguments {
  std::string command_line;
  bool json = false;
  std::filesystem::path report_file, against_file;
  PushOptions push;
  bool really_apple = false;
  DispatchOptions dispatch;
  bool without_h2load = false;
  UrgentOptions urgent;
  ExchangeOptions exchange;
  std::string beside;
  HandshakesOptions handshakes;
  BesideOptions beside_batch;
  EnrolOptions enrol;
  MemoryOptions memory;
  MixedOptions mixed;
  std::size_t mixed_seconds = 48;
  ChurnOptions churn;
  std::size_t churn_seconds = 600;
  PlanOptions plan;
};

struct Subcommand {
  CLI::App* app;
  std::function<Result<Figures>(const std::filesystem::path& folder, Telemetry& telemetry)> measure;
};

// All subcommands with their options, which fill `arguments`; both outlive what is returned.
std::vector<Subcommand> declare_subcommands(CLI::App& app, Arguments& arguments);

}  // namespace reveille::bench
