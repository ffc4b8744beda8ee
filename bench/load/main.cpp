// reveille-bench: measures the parts of reveille and the whole, beside what others need for the
// same.

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "bench/load/arguments.h"
#include "bench/load/measurement.h"
#include "bench/load/report_page.h"
#include "bench/load/work_folder.h"
#include "tools/reveille/state_folder.h"

namespace reveille::bench {
namespace {

// Thousands of connections need as many descriptors; children inherit the limit.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<std::optional<Measurement>> load_earlier(const std::filesystem::path& file) {
  if (file.empty()) return std::nullopt;
  Result<Bytes> page = read_whole_file(file);
  if (!page) return std::unexpected(std::move(page.error()));
  Result<Measurement> earlier = measurement_in_page(*page);
  if (!earlier) return failure(earlier.error().code, file.string() + ": " + earlier.error().detail);
  return *std::move(earlier);
}

Result<void> write_report(const Arguments& arguments, const std::string& subcommand,
                          const Figures& figures, const Telemetry& telemetry,
                          const std::optional<Measurement>& earlier) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const Measurement measurement{.subcommand = subcommand,
                                .command_line = arguments.command_line,
                                .machine = describe_machine(),
                                .measured_at = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", now),
                                .figures = figures,
                                .samples = telemetry.samples()};
  std::ofstream file(arguments.report_file, std::ios::binary);
  file << make_report_page(measurement, earlier);
  file.close();
  if (file) return {};
  return failure(ErrorCode::unavailable, "cannot write " + arguments.report_file.string());
}

int complain(const Error& error) {
  fmt::print(stderr, "reveille-bench: {}\n", error.detail);
  return error.code == ErrorCode::unauthorised ? 2 : 1;
}

int measure(const Subcommand& subcommand, const Arguments& arguments) {
  auto earlier = load_earlier(arguments.against_file);
  if (!earlier) return complain(earlier.error());
  WorkFolder folder;
  raise_descriptor_limit();
  const bool watched = isatty(STDERR_FILENO) != 0 && !arguments.json;
  Telemetry telemetry(watched ? Telemetry::Live::shown : Telemetry::Live::hidden);
  const Result<Figures> figures = subcommand.measure(folder.path(), telemetry);
  telemetry.clear_line();
  if (!figures) return complain(figures.error());
  fmt::print("{}", arguments.json ? figures->as_json() + "\n" : figures->as_table());
  if (arguments.report_file.empty()) return 0;
  Result<void> written =
      write_report(arguments, subcommand.app->get_name(), *figures, telemetry, *earlier);
  return written ? 0 : complain(written.error());
}

int run(int count, char** values) {
  CLI::App app{
      "Measures reveille's parts and the whole, beside what others need for the same work.\n"
      "CPU is that of the measured process alone. Exit status: 0, 1 when something failed, 2 for\n"
      "arguments that are refused."};
  app.require_subcommand(1);
  app.fallthrough();
  Arguments arguments;
  for (int i = 0; i < count; ++i) {
    arguments.command_line += (i == 0 ? "" : " ") + std::string(values[i]);
  }
  app.add_flag("--json", arguments.json, "One line of JSON instead of a table");
  app.add_option("--report", arguments.report_file, "Writes a page with plots here (HTML)");
  app.add_option("--against", arguments.against_file, "An earlier such page to compare with")
      ->needs("--report")
      ->check(CLI::ExistingFile);
  const std::vector<Subcommand> subcommands = declare_subcommands(app, arguments);
  try {
    app.parse(count, values);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;  // --help is one of them
  }
  for (const Subcommand& subcommand : subcommands) {
    if (subcommand.app->parsed()) return measure(subcommand, arguments);
  }
  return 2;
}

}  // namespace
}  // namespace reveille::bench

int main(int count, char** values) {
  std::signal(SIGPIPE, SIG_IGN);
  return reveille::bench::run(count, values);
}
