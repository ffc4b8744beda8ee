#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "tools/reveillectl/printing.h"
#include "tools/reveillectl/subcommands.h"
#include "tools/reveillectl/table.h"

namespace reveille {

namespace {

using Rows = std::vector<std::vector<std::string>>;

void add_rows(Rows& rows, const boost::json::array& certificates) {
  for (const auto& entry : certificates) {
    const auto& certificate = entry.as_object();
    rows.push_back({text_of(certificate, "serial"), text_of(certificate, "enrolment"),
                    text_of(certificate, "not_after"), text_of(certificate, "revoked"),
                    text_of(certificate, "sha256")});
  }
}

}  // namespace

int list_certificates(const Session& session, const std::string& enrolment) {
  std::string target = "/v1/certificates?limit=1000";
  if (!enrolment.empty()) target += "&enrolment=" + path_segment(enrolment);
  const bool as_json = session.output == Output::json;
  std::string separator = "{\"certificates\": [\n";
  Rows rows = {{"SERIAL", "ENROLMENT", "NOT AFTER", "REVOKED", "SHA-256"}};
  for (std::string after; true;) {
    const auto page = session.client.get(after.empty() ? target : target + "&after=" + after);
    if (!page) return report(page.error());
    const boost::json::array& certificates = page->object.at("certificates").as_array();
    for (const auto& certificate : certificates) {
      if (!as_json) break;
      print(separator + boost::json::serialize(certificate));
      separator = ",\n";
    }
    if (!as_json) {
      add_rows(rows, certificates);
      print(format_table(rows));
      rows.clear();
    }
    if (!page->object.contains("next")) break;
    after = page->object.at("next").as_string().c_str();
  }
  if (as_json) print((separator.front() == '{' ? separator : "\n") + "]}\n");
  return 0;
}

int show_certificate(const Session& session, const std::string& name) {
  const auto answer = session.client.get("/v1/certificates/" + path_segment(name));
  if (!answer) return report(answer.error());
  print(session.output == Output::json ? answer->text : format_members(answer->object));
  return 0;
}

int revoke_certificate(const Session& session, const std::string& name) {
  const std::string target = "/v1/certificates/" + path_segment(name) + "/revoke";
  const auto answer = session.client.request("POST", target, "");
  if (!answer) return report(answer.error());
  print(session.output == Output::json ? answer->text : format_members(answer->object));
  return 0;
}

int revoke_certificates_of(const Session& session, const std::string& enrolment) {
  const std::string target = "/v1/enrolments/" + path_segment(enrolment) + "/revoke-certificates";
  const auto answer = session.client.request("POST", target, "");
  if (!answer) return report(answer.error());
  if (session.output == Output::json) {
    print(answer->text);
    return 0;
  }
  Rows rows = {{"SERIAL", "ENROLMENT", "NOT AFTER", "REVOKED", "SHA-256"}};
  add_rows(rows, answer->object.at("certificates").as_array());
  print(format_table(rows));
  return 0;
}

}  // namespace reveille
