#include "bench/load/measurement.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <fstream>

namespace reveille::bench {

namespace json = boost::json;

namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

json::object to_json(const Figures::Figure& figure) {
  json::object object{{"key", figure.key}, {"label", figure.label}, {"unit", figure.unit}};
  std::visit([&object](const auto& value) { object["value"] = json::value_from(value); },
             figure.value);
  return object;
}

json::object to_json(const Sample& sample) {
  return {{"second", sample.second},
          {"phase", sample.phase},
          {"per_second", sample.per_second},
          {"cpu_share", sample.cpu_share},
          {"resident_mib", sample.resident_mib},
          {"p50_ms", sample.p50_ms},
          {"p99_ms", sample.p99_ms}};
}

void add_figure(Figures& figures, const json::object& object) {
  const std::string key(object.at("key").as_string().c_str());
  const std::string label(object.at("label").as_string().c_str());
  const std::string unit(object.at("unit").as_string().c_str());
  const json::value& value = object.at("value");
  if (value.is_string()) {
    figures.add_text(key, label, value.as_string().c_str());
  } else if (value.is_double()) {
    figures.add(key, label, value.as_double(), unit);
  } else {
    figures.add_count(key, label, value.to_number<std::uint64_t>(), unit);
  }
}

Sample sample_from(const json::object& object) {
  return {.second = object.at("second").to_number<double>(),
          .phase = object.at("phase").as_string().c_str(),
          .per_second = object.at("per_second").to_number<double>(),
          .cpu_share = object.at("cpu_share").to_number<double>(),
          .resident_mib = object.at("resident_mib").to_number<double>(),
          .p50_ms = object.at("p50_ms").to_number<double>(),
          .p99_ms = object.at("p99_ms").to_number<double>()};
}

Measurement read(const json::object& object) {
  Measurement measurement;
  measurement.subcommand = object.at("subcommand").as_string().c_str();
  measurement.command_line = object.at("command_line").as_string().c_str();
  measurement.machine = object.at("machine").as_string().c_str();
  measurement.measured_at = object.at("measured_at").as_string().c_str();
  measurement.figures = Figures(object.at("title").as_string().c_str());
  for (const json::value& figure : object.at("figures").as_array()) {
    add_figure(measurement.figures, figure.as_object());
  }
  for (const json::value& sample : object.at("samples").as_array()) {
    measurement.samples.push_back(sample_from(sample.as_object()));
  }
  return measurement;
}

}  // namespace

std::string describe_machine() {
  utsname system{};
  ::uname(&system);
  const double memory_gib = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
                            static_cast<double>(::sysconf(_SC_PAGE_SIZE)) / (1024.0 * 1024 * 1024);
  return fmt::format("{} x {}, {:.0f} GiB, {} {}", ::sysconf(_SC_NPROCESSORS_ONLN),
                     processor_name(), memory_gib, system.sysname, system.release);
}

std::string to_json(const Measurement& measurement) {
  json::array figures, samples;
  for (const Figures::Figure& figure : measurement.figures.figures()) {
    figures.push_back(to_json(figure));
  }
  for (const Sample& sample : measurement.samples) samples.push_back(to_json(sample));
  const json::object object{
      {"subcommand", measurement.subcommand}, {"command_line", measurement.command_line},
      {"machine", measurement.machine},       {"measured_at", measurement.measured_at},
      {"title", measurement.figures.title()}, {"figures", std::move(figures)},
      {"samples", std::move(samples)}};
  return json::serialize(object);
}

Result<Measurement> measurement_from_json(std::string_view text) {
  try {
    return read(json::parse(json::string_view(text.data(), text.size())).as_object());
  } catch (const std::exception&) {
    return failure(ErrorCode::malformed, "not a measurement of reveille-bench");
  }
}

}  // namespace reveille::bench
