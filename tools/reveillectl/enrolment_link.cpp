#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "tools/reveillectl/printing.h"
#include "tools/reveillectl/subcommands.h"
#include "tools/reveillectl/table.h"

namespace reveille {

namespace {

constexpr std::int64_t links_of_one_request = 1'000;

}  // namespace

int create_enrolment_links(const Session& session, const CreateLinks& options) {
  boost::json::array links;
  for (std::int64_t left = options.count; left > 0; left -= links_of_one_request) {
    boost::json::object body;
    body["count"] = std::min(left, links_of_one_request);
    body["valid_seconds"] = static_cast<std::int64_t>(options.valid_hours * 3'600);
    const auto answer =
        session.client.request("POST", "/v1/enrolment-links", boost::json::serialize(body));
    if (!answer) return report(answer.error());
    for (const auto& link : answer->object.at("links").as_array()) links.push_back(link);
  }
  if (session.output == Output::json) {
    boost::json::object all;
    all["links"] = std::move(links);
    print(boost::json::serialize(all) + "\n");
    return 0;
  }
  // One URL a line and nothing else, for shell scripts.
  for (const auto& link : links) print(text_of(link.as_object(), "url") + "\n");
  return 0;
}

}  // namespace reveille
