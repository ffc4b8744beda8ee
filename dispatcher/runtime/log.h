#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace reveille {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, json };  // coloured lines for a terminal, or one JSON object a line

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::json;
};

// A name and what is known about it. Strings may come from devices: they are escaped.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;

  LogField(std::string_view field, std::string_view text) : name(field), value(text) {}
  LogField(std::string_view field, const std::string& text)
      : name(field), value(std::string_view(text)) {}
  LogField(std::string_view field, const char* text) : name(field), value(std::string_view(text)) {}
  LogField(std::string_view field, bool flag) : name(field), value(flag) {}
  LogField(std::string_view field, double number) : name(field), value(number) {}
  template <typename Number>
    requires(std::integral<Number> && !std::same_as<Number, bool>)
  LogField(std::string_view field, Number number)
      : name(field), value(static_cast<std::int64_t>(number)) {}
};

// Writes to standard error from a thread of its own, through a bounded queue that drops its oldest
// lines when full, and says how many. Any thread. Never a secret: tokens, magic, keys, challenges.
class Log {
 public:
  explicit Log(const LogOptions& options);
  ~Log();  // writes out what waits
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // `event` is a short fixed sentence ("push certificate stored"); what varies goes into fields.
  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});
  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
    if (level_ <= LogLevel::debug) write(LogLevel::debug, event, fields);
  }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    if (level_ <= LogLevel::info) write(LogLevel::info, event, fields);
  }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::warning, event, fields);
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::error, event, fields);
  }

 private:
  struct State;
  LogLevel level_;
  std::unique_ptr<State> state_;
};

}  // namespace reveille
