#include "bench/message_file.h"
#include "bench/unit_costs.h"
#include "protocol/base/ensure.h"
#include "protocol/mdm/check_in.h"
#include "protocol/mdm/command.h"
#include "protocol/mdm/report.h"
#include "protocol/plist/parse.h"
#include "protocol/plist/write.h"

namespace reveille::bench {
namespace {

constexpr std::size_t messages = 256;  // of one iteration

enum class Form { xml, binary };

Bytes in_form(Form form, const char* path) {
  const auto value = plist::parse(message_file(path));
  ensure(value.has_value(), "a property list");
  return form == Form::xml ? plist::write_xml(*value) : plist::write_binary(*value);
}

// What does it take to read a property list into values?
void BM_ParsePropertyList(benchmark::State& state, Form form, const char* path) {
  const Bytes bytes = in_form(form, path);
  measure_units(state, messages, [&] { benchmark::DoNotOptimize(plist::parse(bytes)); });
  state.counters["bytes"] = static_cast<double>(bytes.size());
}
BENCHMARK_CAPTURE(BM_ParsePropertyList, xml_device_information, Form::xml,
                  "results/device-information.plist");
BENCHMARK_CAPTURE(BM_ParsePropertyList, binary_device_information, Form::binary,
                  "results/device-information.plist");

// What does it take to write one?
void BM_WritePropertyList(benchmark::State& state, Form form) {
  const auto value = plist::parse(message_file("results/device-information.plist"));
  ensure(value.has_value(), "a property list");
  measure_units(state, messages, [&] {
    benchmark::DoNotOptimize(form == Form::xml ? plist::write_xml(*value)
                                               : plist::write_binary(*value));
  });
}
BENCHMARK_CAPTURE(BM_WritePropertyList, xml, Form::xml);
BENCHMARK_CAPTURE(BM_WritePropertyList, binary, Form::binary);

// What does it take to understand what a device says when it connects: nothing to report, a small
// answer, a large one?
void BM_ParseReport(benchmark::State& state, const char* path) {
  const Bytes body = message_file(path);
  ensure(mdm::parse_report(body).has_value(), "a report");
  measure_units(state, messages, [&] { benchmark::DoNotOptimize(mdm::parse_report(body)); });
}
BENCHMARK_CAPTURE(BM_ParseReport, idle, "results/idle-iphone.plist");
BENCHMARK_CAPTURE(BM_ParseReport, binary_idle, "results/binary-idle.plist");
BENCHMARK_CAPTURE(BM_ParseReport, device_information, "results/device-information.plist");
BENCHMARK_CAPTURE(BM_ParseReport, installed_applications, "results/installed-applications.plist");

// What does it take to understand a check-in?
void BM_ParseCheckIn(benchmark::State& state, const char* path) {
  const Bytes body = message_file(path);
  ensure(mdm::parse_check_in(body).has_value(), "a check-in");
  measure_units(state, messages, [&] { benchmark::DoNotOptimize(mdm::parse_check_in(body)); });
}
BENCHMARK_CAPTURE(BM_ParseCheckIn, token_update, "check-in/token-update-iphone-unlock-token.plist");

// What does it take to check a command at the door, its bytes copied in?
void BM_ParseCommand(benchmark::State& state) {
  const Bytes body = message_file("commands/install-application.plist");
  ensure(mdm::parse_command(body).has_value(), "a command");
  measure_units(state, messages, [&] { benchmark::DoNotOptimize(mdm::parse_command(body)); });
}
BENCHMARK(BM_ParseCommand);

}  // namespace
}  // namespace reveille::bench
