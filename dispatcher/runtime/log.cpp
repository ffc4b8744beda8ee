#include "dispatcher/runtime/log.h"

#include <fmt/format.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <thread>

#include "protocol/plist/utf8.h"

namespace reveille {
namespace {

constexpr std::size_t lines_waiting_max = 8'192;

const char* level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "unknown";
}

// RFC 3339 in UTC, milliseconds.
std::string time_text() {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     now.time_since_epoch().count() % 1000);
}

// One character of `text`, escaped; answers its length. Control characters, C1's too, could drive a
// terminal; bytes that are no UTF-8 would make the line unreadable as JSON.
std::size_t append_escaped(std::string& line, std::string_view text, std::size_t at) {
  const std::size_t length = plist::utf8_sequence_length(text, at);
  if (length == 0) {
    line += "\\ufffd";
    return 1;
  }
  const std::string_view sequence = text.substr(at, length);
  const char32_t character = plist::decode_utf8(sequence);
  if (character == '"' || character == '\\') {
    line.push_back('\\');
    line += sequence;
  } else if (character < 0x20 || (character >= 0x7f && character < 0xa0)) {
    line += fmt::format("\\u{:04x}", static_cast<unsigned>(character));
  } else {
    line += sequence;
  }
  return length;
}

void append_quoted(std::string& line, std::string_view text) {
  line.push_back('"');
  for (std::size_t at = 0; at < text.size();) at += append_escaped(line, text, at);
  line.push_back('"');
}

void append_value(std::string& line, const LogField& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) append_quoted(line, *text);
  if (const auto* number = std::get_if<std::int64_t>(&field.value)) line += fmt::to_string(*number);
  if (const auto* real = std::get_if<double>(&field.value)) line += fmt::format("{:.6g}", *real);
  if (const auto* flag = std::get_if<bool>(&field.value)) line += *flag ? "true" : "false";
}

std::string json_line(LogLevel level, std::string_view event,
                      std::initializer_list<LogField> fields) {
  std::string line =
      fmt::format(R"({{"time":"{}","level":"{}","event":)", time_text(), level_name(level));
  append_quoted(line, event);
  for (const LogField& field : fields) {
    line.push_back(',');
    append_quoted(line, field.name);
    line.push_back(':');
    append_value(line, field);
  }
  line += "}\n";
  return line;
}

std::string text_line(LogLevel level, std::string_view event,
                      std::initializer_list<LogField> fields, bool coloured) {
  constexpr const char* colours[] = {"\x1b[90m", "", "\x1b[33m", "\x1b[31m"};
  const char* const colour = coloured ? colours[static_cast<int>(level)] : "";
  const char* const plain = coloured ? "\x1b[0m" : "";
  std::string line =
      fmt::format("{} {}{:<7}{} {}", time_text(), colour, level_name(level), plain, event);
  for (const LogField& field : fields) {
    line += fmt::format(" {}=", field.name);
    append_value(line, field);
  }
  line.push_back('\n');
  return line;
}

// The line is whole already.
class AsItIs final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& output) override {
    output.append(message.payload.begin(), message.payload.end());
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<AsItIs>(); }
};

}  // namespace

struct Log::State {
  LogFormat format;
  bool coloured;
  std::shared_ptr<spdlog::details::thread_pool> pool;  // shared: spdlog's loggers hold it weakly
  std::shared_ptr<spdlog::async_logger> logger;
};

Log::Log(const LogOptions& options) : level_(options.level), state_(std::make_unique<State>()) {
  state_->format = options.format;
  state_->coloured = isatty(STDERR_FILENO) != 0;
  state_->pool = std::make_shared<spdlog::details::thread_pool>(lines_waiting_max, 1);
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  sink->set_formatter(std::make_unique<AsItIs>());
  state_->logger = std::make_shared<spdlog::async_logger>(
      "reveille", std::move(sink), state_->pool, spdlog::async_overflow_policy::overrun_oldest);
}

Log::~Log() {
  // Only when the queue is empty does the line about the dropped ones drop none itself.
  while (state_->pool->queue_size() > 0) std::this_thread::yield();
  if (const std::size_t dropped = state_->pool->overrun_counter(); dropped > 0) {
    write(LogLevel::warning, "log lines dropped", {{"lines", dropped}});
  }
  state_->logger->flush();
}

void Log::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (level < level_) return;
  const std::string line = state_->format == LogFormat::json
                               ? json_line(level, event, fields)
                               : text_line(level, event, fields, state_->coloured);
  state_->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace reveille
