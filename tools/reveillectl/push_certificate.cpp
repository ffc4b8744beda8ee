#include "tools/reveillectl/printing.h"
#include "tools/reveillectl/subcommands.h"
#include "tools/reveillectl/table.h"

namespace reveille {

int set_push_certificate(const Session& session, const std::vector<std::filesystem::path>& files) {
  std::string pem;
  for (const std::filesystem::path& file : files) {
    auto text = read_file(file);
    if (!text) return report(text.error());
    pem += *text + "\n";
  }
  const auto answer = session.client.request("PUT", "/v1/pushcert", std::move(pem));
  if (!answer) return report(answer.error());
  print(session.output == Output::json ? answer->text : format_members(answer->object));
  return 0;
}

int show_push_certificates(const Session& session) {
  const auto answer = session.client.get("/v1/push-certificates");
  if (!answer) return report(answer.error());
  if (session.output == Output::json) {
    print(answer->text);
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {{"TOPIC", "NOT AFTER", "DAYS LEFT", "IN USE"}};
  for (const auto& entry : answer->object.at("push_certificates").as_array()) {
    const auto& certificate = entry.as_object();
    rows.push_back({text_of(certificate, "topic"), text_of(certificate, "not_after"),
                    text_of(certificate, "days_left"), text_of(certificate, "in_use")});
  }
  print(rows.size() > 1 ? format_table(rows) : "none; `reveillectl push-certificate set FILE`\n");
  return 0;
}

}  // namespace reveille
