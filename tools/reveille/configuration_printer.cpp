#include <fmt/format.h>

#include <string>

#include "tools/reveille/configuration.h"
#include "tools/reveille/configuration_options.h"

namespace reveille {

namespace {

class Printer final : public OptionVisitor {
 public:
  void section(std::string_view name, std::string_view comment_text) override {
    out += '\n';
    comment(comment_text);
    out += fmt::format("[{}]\n", name);
  }
  void text(std::string_view key, std::string& value, std::string_view comment_text) override {
    comment(comment_text);
    out += fmt::format("{} = \"{}\"\n", key, value);
  }
  void choice(std::string_view key, std::string& value,
              std::initializer_list<std::string_view> choices,
              std::string_view comment_text) override {
    comment(comment_text);
    comment(fmt::format("One of {}.", fmt::join(choices, ", ")));
    out += fmt::format("{} = \"{}\"\n", key, value);
  }
  void path(std::string_view key, std::filesystem::path& value,
            std::string_view comment_text) override {
    comment(comment_text);
    out += fmt::format("{} = \"{}\"\n", key, value.string());
  }
  void number(std::string_view key, std::int64_t& value, Range range,
              std::string_view comment_text) override {
    comment(comment_text);
    comment(fmt::format("{} to {}.", range.min, range.max));
    out += fmt::format("{} = {}\n", key, value);
  }
  void numbers(std::string_view key, std::vector<std::int64_t>& value, Range range,
               std::string_view comment_text) override {
    comment(comment_text);
    comment(fmt::format("Each {} to {}.", range.min, range.max));
    out += fmt::format("{} = [{}]\n", key, fmt::join(value, ", "));
  }
  void flag(std::string_view key, bool& value, std::string_view comment_text) override {
    comment(comment_text);
    out += fmt::format("{} = {}\n", key, value);
  }

  std::string out;

 private:
  void comment(std::string_view text) {
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      out += fmt::format("# {}\n", line);
      text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
  }
};

}  // namespace

std::string print_default_configuration() {
  Configuration defaults;
  Printer printer;
  printer.out =
      "# The configuration of reveilled: every option, at its default.\n"
      "# What is left out keeps its default; relative paths count from this file's folder.\n";
  visit_options(defaults, printer);
  return std::move(printer.out);
}

}  // namespace reveille
