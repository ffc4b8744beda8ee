#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "tools/reveillectl/printing.h"
#include "tools/reveillectl/subcommands.h"
#include "tools/reveillectl/table.h"

namespace reveille {

namespace {

constexpr std::size_t page_size = 1'000;

std::vector<std::string> row_of(const boost::json::object& enrolment) {
  std::string state = text_of(enrolment, "state");
  const std::string reason = text_of(enrolment, "end_reason");
  if (!reason.empty()) state += " (" + reason + ")";
  if (text_of(enrolment, "push_parked") == "yes") state += ", cannot be pushed";
  return {text_of(enrolment, "id"),         state,
          text_of(enrolment, "kind"),       text_of(enrolment, "serial_number"),
          text_of(enrolment, "os_version"), text_of(enrolment, "device_name")};
}

}  // namespace

// Page by page, so that a terminal shows the first ones of a million at once.
int list_enrolments(const Session& session, const ListEnrolments& options) {
  const bool as_json = session.output == Output::json;
  std::size_t shown = 0;
  std::string after;
  std::string separator = "{\"enrolments\": [\n";  // before the next one, in JSON
  while (options.limit == 0 || shown < options.limit) {
    const std::size_t wanted =
        options.limit == 0 ? page_size : std::min(page_size, options.limit - shown);
    const auto page =
        session.client.get("/v1/enrolments?limit=" + std::to_string(wanted) +
                           "&state=" + options.state + "&after=" + path_segment(after));
    if (!page) return report(page.error());
    const boost::json::array& enrolments = page->object.at("enrolments").as_array();
    std::vector<std::vector<std::string>> rows;
    if (shown == 0) rows.push_back({"ID", "STATE", "KIND", "SERIAL", "OS", "NAME"});
    for (const auto& enrolment : enrolments) {
      if (as_json) {
        print(separator + boost::json::serialize(enrolment));
        separator = ",\n";
      } else {
        rows.push_back(row_of(enrolment.as_object()));
      }
    }
    if (!as_json) print(format_table(rows));
    shown += enrolments.size();
    if (!page->object.contains("next")) break;
    after = page->object.at("next").as_string().c_str();
  }
  if (as_json) print((shown == 0 ? separator : "\n") + "]}\n");
  return 0;
}

int show_enrolment(const Session& session, const std::string& id) {
  const auto answer = session.client.get("/v1/enrolments/" + path_segment(id));
  if (!answer) return report(answer.error());
  if (session.output == Output::json) {
    print(answer->text);
    return 0;
  }
  const boost::json::object& enrolment = answer->object;
  print(format_members(enrolment));
  print("\nqueue\n" + format_members(enrolment.at("queue").as_object()));
  print("\nwake\n" + format_members(enrolment.at("wake").as_object()));
  std::vector<std::vector<std::string>> rows = {
      {"COMMAND", "REQUEST TYPE", "STATE", "SENT", "NOT NOW", "QUEUED AT", "ENDED AT"}};
  for (const auto& entry : enrolment.at("deliveries").as_array()) {
    const auto& delivery = entry.as_object();
    rows.push_back({text_of(delivery, "command_uuid"), text_of(delivery, "request_type"),
                    text_of(delivery, "state"), text_of(delivery, "times_sent"),
                    text_of(delivery, "times_not_now"), text_of(delivery, "queued_at"),
                    text_of(delivery, "ended_at")});
  }
  if (rows.size() > 1) print("\n" + format_table(rows));
  return 0;
}

}  // namespace reveille
