#include <boost/json/serialize.hpp>

#include "tools/reveillectl/printing.h"
#include "tools/reveillectl/subcommands.h"
#include "tools/reveillectl/table.h"

namespace reveille {

int create_enrolment_links(const Session& session, const CreateLinks& options) {
  boost::json::object body;
  body["count"] = options.count;
  body["valid_seconds"] = static_cast<std::int64_t>(options.valid_hours * 3'600);
  const auto answer =
      session.client.request("POST", "/v1/enrolment-links", boost::json::serialize(body));
  if (!answer) return report(answer.error());
  if (session.output == Output::json) {
    print(answer->text);
    return 0;
  }
  // One URL a line and nothing else, for shell scripts.
  for (const auto& link : answer->object.at("links").as_array()) {
    print(text_of(link.as_object(), "url") + "\n");
  }
  return 0;
}

}  // namespace reveille
