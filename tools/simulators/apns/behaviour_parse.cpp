#include "tools/simulators/apns/behaviour_parse.h"

#include <fmt/format.h>

#include <algorithm>

// The schema of a behaviour's tables, one function each.
namespace reveille::simulators::apns {
namespace {

using Duration = LatencyDistribution::Duration;
constexpr std::int64_t many = 1'000'000'000'000;

void read_settings(TableReader table, Behaviour& behaviour) {
  enum class Updates { half, each, late, never };
  wire::SessionSettings& settings = behaviour.settings;
  table.number("streams_max", 0, 1'000'000, settings.streams_max);
  table.number("stream_window_bytes", 0, wire::window_max, settings.stream_window_bytes);
  table.number("connection_window_bytes", 65'535, wire::window_max,
               settings.connection_window_bytes);
  table.number("header_list_bytes_max", 0, 1'000'000, settings.header_list_bytes_max);

  std::optional<Updates> updates;
  table.choice<std::optional<Updates>>("window_updates",
                                       {{"half", Updates::half},
                                        {"each", Updates::each},
                                        {"late", Updates::late},
                                        {"never", Updates::never}},
                                       updates);
  Milliseconds delay = behaviour.window_update_delay.value_or(Milliseconds(0));
  table.milliseconds("window_update_delay_ms", delay);
  using WindowUpdates = wire::SessionSettings::WindowUpdates;
  if (updates) {
    settings.window_updates = updates == Updates::half   ? WindowUpdates::half
                              : updates == Updates::each ? WindowUpdates::each
                                                         : WindowUpdates::held;
    behaviour.window_update_delay.reset();
    if (updates == Updates::late) behaviour.window_update_delay = delay;
  } else if (behaviour.window_update_delay) {
    behaviour.window_update_delay = delay;
  }
  table.finish();
}

void read_percentiles(TableReader& table, const toml::array& list,
                      LatencyDistribution& distribution) {
  constexpr std::string_view problem =
      "must be [share, milliseconds] pairs that rise in both, such as [[0.5, 10], [1.0, 300]]";
  std::vector<LatencyDistribution::Point> points;
  for (const toml::node& node : list) {
    const toml::array* pair = node.as_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_number()) {
      return table.fail("percentiles_ms", problem);
    }
    const double share = *(*pair)[0].value<double>();
    const std::optional<Duration> duration = duration_of((*pair)[1]);
    const double share_before = points.empty() ? 0 : points.back().share;
    const Duration before = points.empty() ? Duration(0) : points.back().duration;
    if (!duration || *duration < before || share <= share_before || share > 1) {
      return table.fail("percentiles_ms", problem);
    }
    points.push_back({.share = share, .duration = *duration});
  }
  distribution = LatencyDistribution::percentiles(std::move(points));
}

void read_uniform(TableReader& table, const toml::array& list, LatencyDistribution& distribution) {
  const auto least = list.size() == 2 ? duration_of(list[0]) : std::nullopt;
  const auto most = list.size() == 2 ? duration_of(list[1]) : std::nullopt;
  if (!least || !most || *least > *most) {
    return table.fail("uniform_ms", "must be two numbers of milliseconds, such as [5, 50]");
  }
  distribution = LatencyDistribution::uniform(*least, *most);
}

void read_lognormal(TableReader& table, TableReader shape, LatencyDistribution& distribution) {
  Milliseconds median{0}, p99{0};
  shape.milliseconds("median", median);
  shape.milliseconds("p99", p99);
  shape.finish();
  if (median.count() == 0 || p99 < median) {
    return table.fail("lognormal_ms",
                      "needs a median above 0 and a p99 above it: { median = 20, p99 = 300 }");
  }
  distribution = LatencyDistribution::lognormal(median, p99);
}

void read_latency(TableReader table, LatencyDistribution& distribution) {
  const auto kinds = {"fixed_ms", "uniform_ms", "lognormal_ms", "percentiles_ms"};
  const auto given =
      std::ranges::count_if(kinds, [&](const char* kind) { return table.has(kind); });
  Milliseconds fixed{0};
  table.milliseconds("fixed_ms", fixed);
  if (table.has("fixed_ms")) distribution = LatencyDistribution::fixed(fixed);
  if (const toml::array* list = table.list("uniform_ms", "[5, 50]")) {
    read_uniform(table, *list, distribution);
  }
  if (auto shape = table.table("lognormal_ms")) read_lognormal(table, *shape, distribution);
  if (const toml::array* list = table.list("percentiles_ms", "[[0.5, 10], [1.0, 300]]")) {
    read_percentiles(table, *list, distribution);
  }
  if (given > 1) {
    for (const char* kind : kinds) {
      if (table.has(kind)) table.fail(kind, "stands beside another distribution: keep one of them");
    }
  }
  table.finish();
}

void read_goaway(TableReader table, GoAway& goaway) {
  table.number("after_streams", 0, many, goaway.after_streams);
  table.seconds("after_seconds", goaway.after);
  table.number("leaves", 0, 1'000'000, goaway.leaves);
  table.flag("announced", goaway.announced);
  table.milliseconds("second_after_ms", goaway.second_after);
  table.text("reason", goaway.reason);
  table.error_code("code", goaway.error_code);
  table.choice<GoAway::Then>("then",
                             {{"drain", GoAway::Then::drain},
                              {"linger", GoAway::Then::linger},
                              {"cut", GoAway::Then::cut}},
                             goaway.then);
  table.finish();
}

void read_connection(TableReader table, ConnectionFault& fault) {
  using HalfOpen = ConnectionFault::HalfOpen;
  table.share("share", fault.share);
  table.choice<HalfOpen>("half_open",
                         {{"no", HalfOpen::no},
                          {"reads_nothing", HalfOpen::reads_nothing},
                          {"answers_nothing", HalfOpen::answers_nothing}},
                         fault.half_open);
  table.seconds("half_open_after_seconds", fault.half_open_after);
  table.flag("answers_pings", fault.answers_pings);
  table.number("stall_after_bytes", 0, many, fault.stall_after_bytes);
  table.number("cut_after_bytes", 0, many, fault.cut_after_bytes);
  table.number("cut_after_bytes_read", 0, many, fault.cut_after_bytes_read);
  table.choice<bool>("cut", {{"end", false}, {"reset", true}}, fault.cut_with_reset);
  table.finish();
}

void read_handshake(TableReader table, const std::filesystem::path& folder, Handshake& handshake) {
  using Certificate = Handshake::Certificate;
  table.milliseconds("accept_delay_ms", handshake.accept_delay);
  table.milliseconds("delay_ms", handshake.delay);
  using Cut = Handshake::Cut;
  table.choice<Cut>("cut", {{"no", Cut::no}, {"end", Cut::end}, {"reset", Cut::reset}},
                    handshake.cut);
  using Name = std::string;
  table.choice<Name>("alert",
                     {{"", ""},
                      {"certificate_expired", "certificate_expired"},
                      {"certificate_revoked", "certificate_revoked"},
                      {"unknown_ca", "unknown_ca"},
                      {"bad_certificate", "bad_certificate"},
                      {"handshake_failure", "handshake_failure"},
                      {"internal_error", "internal_error"}},
                     handshake.alert);
  table.choice<Certificate>("certificate",
                            {{"good", Certificate::good},
                             {"self_signed", Certificate::self_signed},
                             {"other", Certificate::other}},
                            handshake.certificate);
  for (auto [key, path] : {std::pair{"certificate_file", &handshake.certificate_file},
                           std::pair{"key_file", &handshake.key_file}}) {
    std::string given;
    table.text(key, given);
    if (!given.empty()) *path = folder / given;
  }
  const bool files = !handshake.certificate_file.empty() && !handshake.key_file.empty();
  if (handshake.certificate == Certificate::other && !files) {
    table.fail("certificate", "is \"other\": name it in certificate_file and key_file");
  }
  table.finish();
}

}  // namespace

void read_behaviour(TableReader& table, const std::filesystem::path& folder, Behaviour& behaviour) {
  if (auto settings = table.table("settings")) read_settings(*settings, behaviour);
  if (auto latency = table.table("latency")) read_latency(*latency, behaviour.latency);
  if (auto goaway = table.table("goaway")) read_goaway(*goaway, behaviour.goaway);
  if (auto connection = table.table("connection")) {
    read_connection(*connection, behaviour.connection);
  }
  if (auto handshake = table.table("handshake")) {
    read_handshake(*handshake, folder, behaviour.handshake);
  }
  if (table.has("push")) behaviour.pushes.clear();
  for (TableReader& push : table.tables("push")) behaviour.pushes.push_back(read_push_fault(push));
}

}  // namespace reveille::simulators::apns
