#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "tools/reveille/configuration.h"
#include "tools/reveille/configuration_surroundings.h"
#include "tools/reveille/server.h"
#include "tools/reveille/service_manager.h"

namespace reveille {

namespace {

void print_line(std::FILE* stream, const std::string& line) {
  std::fputs((line + "\n").c_str(), stream);
}

LogOptions log_options(const Configuration::Log& log) {
  LogOptions options;
  if (log.level == "debug") options.level = LogLevel::debug;
  if (log.level == "warning") options.level = LogLevel::warning;
  if (log.level == "error") options.level = LogLevel::error;
  const bool text = log.format == "text" || (log.format == "auto" && ::isatty(STDERR_FILENO) == 1);
  options.format = text ? LogFormat::text : LogFormat::json;
  return options;
}

// The signals that the main thread waits for; threads inherit that they are blocked.
sigset_t block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// From now on a SIGTERM or SIGINT ends the process at once: someone lost patience with the stop.
void let_signals_kill(const sigset_t& signals) {
  for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, SIG_DFL);
  std::signal(SIGHUP, SIG_IGN);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

int serve(const Configuration& configuration) {
  const sigset_t signals = block_signals();
  Log log(log_options(configuration.log));
  Result<std::unique_ptr<Server>> server = Server::start(configuration, log);
  if (!server) {
    print_line(stderr, "reveilled: " + server.error().detail);
    return 1;
  }
  notify_service_manager("READY=1");
  for (int signal = 0; sigwait(&signals, &signal) == 0 && signal == SIGHUP;) {
    (*server)->reload();
  }
  let_signals_kill(signals);
  notify_service_manager("STOPPING=1");
  (*server)->stop();
  return (*server)->store_broken() ? 1 : 0;
}

int run_reveilled(int count, char** words) {
  CLI::App app("Enrols, wakes and commands fleets of Apple devices.", "reveilled");
  std::string file;
  bool check = false;
  bool print_default = false;
  app.add_option("--config", file, "The configuration; without it, the defaults hold");
  app.add_flag("--check-config", check, "Say OK, or every error in the configuration");
  app.add_flag("--print-default-config", print_default, "A complete file, with comments");
  app.set_version_flag("--version", REVEILLE_VERSION);
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (print_default) {
    std::fputs(print_default_configuration().c_str(), stdout);
    return 0;
  }
  LoadedConfiguration loaded;
  if (!file.empty()) loaded = load_configuration(file, check_surroundings);
  for (const std::string& error : loaded.errors) print_line(stderr, error);
  if (!loaded.errors.empty()) return 1;
  if (check) {
    print_line(stdout, "OK");
    return 0;
  }
  return serve(loaded.configuration);
}

}  // namespace

}  // namespace reveille

int main(int count, char** words) {
  try {
    return reveille::run_reveilled(count, words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "reveilled: %s\n", error.what());
    return 1;
  }
}
