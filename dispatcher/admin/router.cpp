#include "dispatcher/admin/router.h"

#include <exception>
#include <string>
#include <utility>

#include "dispatcher/admin/access.h"
#include "dispatcher/admin/replies.h"
#include "dispatcher/admin/resources.h"
#include "dispatcher/admin/route_table.h"

namespace reveille::admin {

namespace {

enum class Key { needed, not_needed };  // on the operators' port

struct Route {
  const char* method;  // nullptr: any
  const char* pattern;
  Key key;
  Reply (*respond)(const Parts&, const Exchange&);
};

constexpr Route routes[] = {
    {nullptr, "/version", Key::not_needed, show_version},
    {nullptr, "/v1/enqueue/{*}", Key::needed, enqueue},
    {nullptr, "/v1/push/{*}", Key::needed, push},
    {"PUT", "/v1/pushcert", Key::needed, store_push_certificate},
    {"GET", "/v1/pushcert", Key::needed, show_push_certificate},

    {"GET", "/v1/status", Key::needed, show_status},
    {"GET", "/v1/push-certificates", Key::needed, list_push_certificates},
    {"GET", "/v1/enrolments", Key::needed, list_enrolments},
    {"GET", "/v1/enrolments/{}", Key::needed, show_enrolment},
    {"POST", "/v1/enrolments/{}/revoke-certificates", Key::needed,
     revoke_certificates_of_enrolment},
    {"GET", "/v1/certificates", Key::needed, list_certificates},
    {"GET", "/v1/certificates/{}", Key::needed, show_certificate},
    {"POST", "/v1/certificates/{}/revoke", Key::needed, revoke_certificate},
    {"POST", "/v1/commands", Key::needed, create_command},
    {"GET", "/v1/deliveries/{}/{}", Key::needed, show_delivery},
    {"DELETE", "/v1/deliveries/{}/{}", Key::needed, cancel_delivery},
    {"GET", "/v1/deliveries/{}/{}/result", Key::needed, show_result},
    {"POST", "/v1/wakes", Key::needed, create_wakes},
    {"POST", "/v1/batches", Key::needed, create_batch},
    {"GET", "/v1/batches", Key::needed, list_batches},
    {"GET", "/v1/batches/{}", Key::needed, show_batch},
    {"POST", "/v1/batches/{}/pause", Key::needed, pause_batch},
    {"POST", "/v1/batches/{}/resume", Key::needed, resume_batch},
    {"POST", "/v1/batches/{}/cancel", Key::needed, cancel_batch},
    {"POST", "/v1/enrolment-links", Key::needed, create_enrolment_links},
};

// What the table says of a path.
struct Match {
  const Route* route = nullptr;  // of this method; nullptr: see `allowed`
  std::vector<std::string> parameters;
  std::string allowed;  // the methods of the path; empty: no such path
  Key key = Key::needed;
};

Match find_route(std::string_view method, std::string_view path) {
  Match match;
  for (const Route& route : routes) {
    std::optional<std::vector<std::string>> parameters = match_path(route.pattern, path);
    if (!parameters) continue;
    match.key = route.key;
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += route.method == nullptr ? "*" : route.method;
    if (match.route == nullptr && (route.method == nullptr || method == route.method)) {
      match.route = &route;
      match.parameters = *std::move(parameters);
    }
  }
  return match;
}

http::Response moved(const http::Request& request, const std::string& path) {
  std::string location = path;
  if (!request.query().empty()) location += "?" + std::string(request.query());
  http::Response response;
  response.status = 301;
  response.headers.push_back({"location", location});
  if (request.method == "GET") {
    response.headers.push_back({"content-type", "text/html; charset=utf-8"});
    response.body = "Moved Permanently.\n";
  }
  return response;
}

http::Response key_wanted() {
  http::Response response = text_reply(401, "Unauthorized");
  response.headers.push_back({"www-authenticate", "Basic realm=\"nanomdm\""});
  return response;
}

}  // namespace

struct Router::Table {
  ApiKeys keys;
};

Router::Router(Parts parts)
    : parts_(std::move(parts)),
      table_(std::make_unique<const Table>(Table{ApiKeys(parts_.options.api_keys)})) {}

Router::~Router() = default;

boost::asio::awaitable<http::Response> Router::handle(http::Request request,
                                                      const http::Peer& peer) {
  if (peer.user_id && !may_use_admin_socket(*peer.user_id, parts_.options.own_user_id)) {
    co_return error_reply(403, "only root and the daemon's own user may use the admin socket");
  }
  if (const std::optional<std::string> path = cleaned_path(request.path())) {
    co_return moved(request, *path);
  }
  Match match = find_route(request.method, request.path());
  if (match.allowed.empty()) co_return text_reply(404, "404 page not found");
  const bool needs_key = match.key == Key::needed && !peer.user_id;
  if (needs_key && !table_->keys.admit(request.header("authorization"))) co_return key_wanted();
  if (match.route == nullptr) {
    http::Response response = text_reply(405, "Method Not Allowed");
    response.headers.push_back({"allow", match.allowed});
    co_return response;
  }

  const Exchange exchange{.request = request, .parameters = std::move(match.parameters)};
  co_return co_await match.route->respond(parts_, exchange);
}

}  // namespace reveille::admin
