#include "dispatcher/apns/push_request.h"

#include <charconv>
#include <utility>

namespace reveille::apns {
namespace {

constexpr std::size_t id_prefix_bytes = 24;
constexpr std::size_t id_digits = 12;

}  // namespace

PushRequest::PushRequest(std::string authority_text, std::string topic_text,
                         std::string apns_id_prefix)
    : authority_(std::move(authority_text)),
      topic_(std::move(topic_text)),
      id_(std::move(apns_id_prefix)) {
  using http::Indexing;
  using http::Lifetime;
  id_.resize(id_prefix_bytes + id_digits, '0');
  headers_[method] = {":method", "POST", Indexing::with, Lifetime::session};
  headers_[scheme] = {":scheme", "https", Indexing::with, Lifetime::session};
  headers_[authority] = {":authority", authority_, Indexing::with, Lifetime::session};
  headers_[path] = {":path", {}, Indexing::without, Lifetime::call};
  headers_[topic] = {"apns-topic", topic_, Indexing::with, Lifetime::session};
  headers_[push_type] = {"apns-push-type", "mdm", Indexing::with, Lifetime::session};
  headers_[expiration] = {"apns-expiration", {}, Indexing::with, Lifetime::call};
  headers_[id] = {"apns-id", id_, Indexing::with, Lifetime::call};
}

void PushRequest::prepare(const Notification& notification, std::uint64_t number) {
  path_.clear();
  append_path(path_, notification.push_token);
  payload_.clear();
  append_payload(payload_, notification.push_magic);

  constexpr char digits[] = "0123456789abcdef";
  for (std::size_t i = id_.size(); i-- > id_prefix_bytes; number >>= 4) id_[i] = digits[number & 15];
  headers_[path].value = path_;

  using http::Indexing;
  const bool is_first = std::exchange(first_, false);
  headers_[id].indexing = is_first ? Indexing::with : Indexing::without;
  if (is_first) first_expiration_ = notification.expiration;
  const bool is_in_table = notification.expiration == first_expiration_;
  headers_[expiration].indexing = is_in_table ? Indexing::with : Indexing::without;
  if (is_first || notification.expiration != expires_at_) write_expiration(notification.expiration);
}

void PushRequest::write_expiration(std::chrono::sys_seconds expires_at) {
  expires_at_ = expires_at;
  const auto seconds = expires_at.time_since_epoch().count();
  const auto end =
      std::to_chars(expiration_.data(), expiration_.data() + expiration_.size(), seconds).ptr;
  headers_[expiration].value = {expiration_.data(), end};
}

}  // namespace reveille::apns
