#include <fmt/format.h>

#include <boost/json.hpp>

#include "bench/load/plan_arithmetic.h"
#include "bench/load/plan_plots.h"
#include "bench/load/subcommands.h"
#include "tools/reveille/state_folder.h"

namespace reveille::bench {
namespace {

// One number of a file that bench/run wrote: {"results": {"dispatch": {"cpu_us_per_push": 9.8}}}.
class CostsFile {
 public:
  explicit CostsFile(const boost::json::object& file) {
    const boost::json::value* results = file.if_contains("results");
    if (results != nullptr && results->is_object()) results_ = results->get_object();
  }

  double number(std::string_view measurement, std::string_view key) {
    const boost::json::value* figures = results_.if_contains(measurement);
    const boost::json::value* value = figures != nullptr && figures->is_object()
                                          ? figures->get_object().if_contains(key)
                                          : nullptr;
    if (value != nullptr && value->is_number()) return value->to_number<double>();
    if (missing_.empty()) missing_ = fmt::format("{}.{}", measurement, key);
    return 0;
  }

  const std::string& missing() const { return missing_; }

 private:
  boost::json::object results_;
  std::string missing_;
};

Result<MeasuredCosts> load_costs(const std::filesystem::path& path) {
  Result<Bytes> text = read_whole_file(path);
  if (!text) return std::unexpected(std::move(text.error()));
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(*text, error);
  if (error || !value.is_object()) {
    return failure(ErrorCode::malformed, path.string() + " is no result of bench/run");
  }
  CostsFile file(value.get_object());
  const MeasuredCosts costs{
      .push_cpu_us = file.number("dispatch", "cpu_us_per_push"),
      .exchange_cpu_us = file.number("exchange_http1", "cpu_us"),
      .idle_cpu_us = file.number("idle_http1", "cpu_us"),
      .handshake_cpu_us = file.number("enrol", "floor_mutual_handshake_us"),
      .enrolment_cpu_us = file.number("enrol", "cpu_us"),
      .base_mib = file.number("memory", "stored_mib"),
      .connection_kib = file.number("memory", "kib_per_connection"),
      .enrolment_disk_bytes = file.number("memory", "disk_bytes_per_enrolment"),
      .delivery_disk_bytes = file.number("exchange_http1", "disk_bytes_per_exchange")};
  if (!file.missing().empty()) {
    return failure(ErrorCode::malformed, path.string() + " does not have " + file.missing() +
                                             ": make it anew with bench/run");
  }
  return costs;
}

}  // namespace

Result<Figures> run_plan(const PlanOptions& options) {
  Result<MeasuredCosts> costs = load_costs(options.costs_file);
  if (!costs) return std::unexpected(std::move(costs.error()));
  const FleetDescription& fleet = options.fleet;
  const ServerPlan plan = plan_server(*costs, fleet);
  Figures figures(fmt::format("plan: {:.0f} devices, by the costs in {}", fleet.devices,
                              options.costs_file.filename().string()));
  figures.add("connects_per_s", "connects in the busiest hour", plan.connects_per_second, "/s");
  figures.add("commands_per_s", "commands in the busiest hour", plan.commands_per_second, "/s");
  figures.add("cores_busy", "what that takes", plan.cpu_cores_busy, "cores");
  figures.add_count("cores", "cores to have", plan.cores);
  figures.add("connections", "connections open", plan.connections, "");
  figures.add("memory_mib", "memory", plan.memory_mib, "MiB");
  figures.add("disk_gib", "disk, with the history kept", plan.disk_gib, "GiB");
  figures.add("apns_pushes_per_s", "pushes that APNs' streams allow",
              plan.pushes_per_second_of_apns, "/s");
  figures.add("core_pushes_per_s", fmt::format("pushes that {:.0f} cores allow", fleet.cores),
              plan.pushes_per_second_of_cores, "/s");
  figures.add("wake_all_s", "time to wake everyone", plan.seconds_to_wake_everyone, "s");
  figures.add("answer_all_s", "until everyone has answered, at best",
              plan.seconds_until_all_answered, "s");
  figures.add_plots(plan_plots(*costs, fleet));
  return figures;
}

}  // namespace reveille::bench
