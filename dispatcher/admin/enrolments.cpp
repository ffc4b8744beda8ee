#include <algorithm>
#include <optional>
#include <utility>

#include "dispatcher/admin/page_limit.h"
#include "dispatcher/admin/record_json.h"
#include "dispatcher/admin/replies.h"
#include "dispatcher/admin/resources.h"
#include "dispatcher/admin/why_wake.h"
#include "dispatcher/runtime/run_in_storage.h"

namespace reveille::admin {

namespace {

constexpr std::size_t page_default = 100;
constexpr std::size_t page_max = 1'000;
constexpr std::size_t examined_max = 10'000;  // for one page, when the filter passes few
constexpr std::size_t deliveries_max = 100;   // shown with one enrolment

using Enrolments = std::vector<storage::Enrolment>;

struct Page {
  mdm::EnrolmentId after;
  std::size_t count_max = page_default;
  std::optional<storage::EnrolmentState> state;
};

Result<Page> parse_page(std::string_view query) {
  Page page;
  page.after = mdm::EnrolmentId(http::query_parameter(query, "after").value_or(""));
  const Result<std::size_t> limit = parse_limit(query, page_default, page_max);
  if (!limit) return std::unexpected(limit.error());
  page.count_max = *limit;
  const std::string state = http::query_parameter(query, "state").value_or("");
  if (state.empty()) return page;
  for (const auto candidate : {storage::EnrolmentState::pending, storage::EnrolmentState::enrolled,
                               storage::EnrolmentState::ended}) {
    if (state == storage::name_of(candidate)) page.state = candidate;
  }
  if (!page.state) {
    return failure(ErrorCode::malformed, "\"state\" must be pending, enrolled or ended");
  }
  return page;
}

// Everything that is known of one enrolment, read in one transaction.
struct Whole {
  storage::Enrolment enrolment;
  storage::QueueState queue;
  std::optional<storage::WakeState> wake;
  std::vector<storage::Delivery> deliveries;
};

Result<Whole> read_whole(storage::Transaction& transaction, const mdm::EnrolmentId& id) {
  auto enrolment = transaction.find_enrolment(id);
  if (!enrolment) return std::unexpected(std::move(enrolment.error()));
  if (!*enrolment) return failure(ErrorCode::not_found, "no such enrolment");
  auto queue = transaction.queue_state(id);
  if (!queue) return std::unexpected(std::move(queue.error()));
  auto wake = transaction.wake_state(id);
  if (!wake) return std::unexpected(std::move(wake.error()));
  auto deliveries = transaction.deliveries(id, deliveries_max);
  if (!deliveries) return std::unexpected(std::move(deliveries.error()));
  return Whole{.enrolment = **std::move(enrolment),
               .queue = *queue,
               .wake = *std::move(wake),
               .deliveries = *std::move(deliveries)};
}

http::Response whole_reply(const Whole& whole, storage::Time now) {
  JsonWriter json;
  json.begin_object();
  write_members(json, whole.enrolment);
  json.key("queue");
  json.begin_object();
  json.member("ready", whole.queue.ready);
  json.member("put_off", whole.queue.put_off);
  json.end_object();
  json.key("wake");
  json.begin_object();
  if (whole.wake) {
    write_members(json, *whole.wake);
    json.member("why", why_wake(whole.enrolment, whole.queue, *whole.wake, now));
  }
  json.end_object();
  json.key("deliveries");
  json.begin_array();
  for (const storage::Delivery& delivery : whole.deliveries) {
    json.begin_object();
    write_members(json, delivery);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json_reply(200, json.finish());
}

}  // namespace

// A page may be short, or empty, though more follow: "next" says so.
Reply list_enrolments(const Parts& parts, const Exchange& exchange) {
  Result<Page> page = parse_page(exchange.request.query());
  if (!page) co_return error_reply(page.error());
  JsonWriter json;
  json.begin_object();
  json.key("enrolments");
  json.begin_array();

  std::size_t shown = 0;
  std::size_t examined = 0;
  bool more = true;
  while (more && shown < page->count_max && examined < examined_max) {
    const std::size_t count_max = page->state ? page_max : page->count_max;
    std::move_only_function<Result<Enrolments>(storage::Transaction&)> work =
        [after = page->after, count_max](storage::Transaction& transaction) {
          return transaction.list_enrolments(after, count_max);
        };
    const storage::Partition partition = storage::partition_of(page->after);
    const Result<Enrolments> found =
        co_await run_in_storage<Enrolments>(parts.storage, partition, std::move(work));
    if (!found) co_return error_reply(found.error());
    more = found->size() == count_max;
    for (const storage::Enrolment& enrolment : *found) {
      if (shown == page->count_max) {
        more = true;
        break;
      }
      ++examined;
      page->after = enrolment.identity.enrolment;
      if (page->state && enrolment.state != *page->state) continue;
      ++shown;
      json.begin_object();
      write_members(json, enrolment);
      json.end_object();
    }
  }
  json.end_array();
  if (more) json.member("next", page->after.text());
  json.end_object();
  co_return json_reply(200, json.finish());
}

Reply show_enrolment(const Parts& parts, const Exchange& exchange) {
  const Result<mdm::EnrolmentId> id = mdm::parse_enrolment_id(exchange.parameters.front());
  if (!id) co_return error_reply(id.error());
  std::move_only_function<Result<Whole>(storage::Transaction&)> work =
      [id = *id](storage::Transaction& transaction) { return read_whole(transaction, id); };
  const storage::Partition partition = storage::partition_of(*id);
  const Result<Whole> whole =
      co_await run_in_storage<Whole>(parts.storage, partition, std::move(work));
  if (!whole) co_return error_reply(whole.error());
  co_return whole_reply(*whole, parts.clock.wall_now());
}

}  // namespace reveille::admin
