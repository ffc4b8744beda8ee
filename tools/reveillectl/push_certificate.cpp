#include "protocol/pki/push_certificate.h"
#include "tools/reveillectl/certificate_files.h"
#include "tools/reveillectl/printing.h"
#include "tools/reveillectl/subcommands.h"
#include "tools/reveillectl/table.h"

namespace reveille {
namespace {

// The topic of the certificate in use; empty when there is none.
Result<std::string> topic_in_use(const Session& session) {
  const auto answer = session.client.get("/v1/push-certificates");
  if (!answer) return std::unexpected(answer.error());
  for (const auto& entry : answer->object.at("push_certificates").as_array()) {
    const auto& certificate = entry.as_object();
    if (certificate.at("in_use").as_bool()) return text_of(certificate, "topic");
  }
  return std::string();
}

// A topic other than `topic` that somebody is enrolled with; empty when there is none.
Result<std::string> other_topic_enrolled(const Session& session, std::string_view topic) {
  std::string after;
  while (true) {
    const auto page =
        session.client.get("/v1/enrolments?state=enrolled&limit=1000&after=" + path_segment(after));
    if (!page) return std::unexpected(page.error());
    for (const auto& enrolment : page->object.at("enrolments").as_array()) {
      std::string other = text_of(enrolment.as_object(), "topic");
      if (other != topic) return other;
    }
    if (!page->object.contains("next")) return std::string();
    after = page->object.at("next").as_string().c_str();
  }
}

// A device keeps the topic of its profile until it enrols again.
Result<void> check_topic(const Session& session, std::string_view pem) {
  const auto certificate = pki::parse_push_certificate(pem);
  if (!certificate) return std::unexpected(certificate.error());
  const auto before = topic_in_use(session);
  if (!before) return std::unexpected(before.error());
  if (*before == certificate->topic) return {};
  const auto other = other_topic_enrolled(session, certificate->topic);
  if (!other) return std::unexpected(other.error());
  if (other->empty()) return {};
  return failure(ErrorCode::conflict,
                 "this certificate's topic is " + certificate->topic + ", enrolled devices have " +
                     *other +
                     " and could not be woken any more. Renew the certificate of that topic at "
                     "identity.apple.com; or say --replace-topic, and enrol the devices again");
}

}  // namespace

int set_push_certificate(const Session& session, const std::vector<std::filesystem::path>& files,
                         TopicChange change) {
  Result<std::string> pem = read_pem_files(files);
  if (!pem) return report(pem.error());
  if (change == TopicChange::refused) {
    const auto same = check_topic(session, *pem);
    if (!same) return report(same.error());
  }
  const auto answer = session.client.request("PUT", "/v1/pushcert", *std::move(pem));
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
