#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "protocol/base/bytes.h"
#include "protocol/http/body_room.h"
#include "protocol/http/message.h"

namespace reveille::http {

struct RequestLimits {
  std::size_t request_line_bytes_max = 16 * 1024;  // 414 above, if less than the whole head's
  std::size_t head_bytes_max = 32 * 1024;          // 431 above
  std::size_t body_bytes_max = 32u << 20;
};

// One HTTP/1.1 request out of bytes (RFC 9112): Beast's parser, which fills our Request in place
// and refuses what two readers could read differently (request smuggling). A parser is used once.
class RequestParser final : private boost::beast::http::basic_parser<true> {
 public:
  class BodyRules {
   public:
    virtual ~BodyRules() = default;
    // How long the body of this head may be, within the limits.
    virtual std::size_t body_bytes_max(const Request& head) const = 0;
    // Where it goes when it is long: BodyRoom.
    virtual LongBodyPlace find_place(const Request& head) = 0;
  };

  // `rules` outlives the parser. `bodies`: the budget that the body counts against; nullptr: none.
  RequestParser(const RequestLimits& limits, BodyRules& rules, std::shared_ptr<BodyBudget> bodies);

  // Takes what it can of `bytes`; the rest comes again with more behind it, or belongs to the next
  // request. Not after is_done() or a refusal.
  std::size_t take(BytesView bytes);

  using basic_parser::is_done;
  using basic_parser::is_header_done;
  using basic_parser::keep_alive;  // requires is_header_done()

  // The status to answer with when the request breaks HTTP or a limit (503: of the budget); 0 while
  // it does not.
  int refusal() const { return refusal_; }

  // The peer waits for "100 Continue" and has sent nothing of its body.
  bool awaits_continue() const;
  bool is_http_1_0() const { return version_ < 11; }
  bool is_head() const { return request_.method == "HEAD"; }

  Request release() { return std::move(request_); }

 private:
  using Error = boost::beast::error_code;
  using Text = boost::beast::string_view;

  int line_too_long() const;  // the status
  void refuse(int status, Error& error);
  void take_target(Text target, Error& error);
  std::size_t append(Text bytes, Error& error);
  void judge(const Error& error, std::size_t bytes_left);

  void on_request_impl(boost::beast::http::verb verb, Text method, Text target, int version,
                       Error& error) override;
  void on_response_impl(int, Text, int, Error&) override {}
  void on_field_impl(boost::beast::http::field field, Text name, Text value, Error& error) override;
  void on_header_impl(Error& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Error& error) override;
  std::size_t on_body_impl(Text bytes, Error& error) override;
  void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t remaining, Text bytes, Error& error) override;
  void on_finish_impl(Error&) override {}

  const RequestLimits limits_;
  BodyRules& rules_;
  BodyRoom room_;  // of this request, once its head is here
  Request request_;
  std::size_t head_bytes_ = 0;
  int version_ = 0;  // 11: HTTP/1.1; 0 before the request line
  int refusal_ = 0;
  bool has_host_ = false;
  bool in_trailers_ = false;
  bool expects_continue_ = false;
};

}  // namespace reveille::http
