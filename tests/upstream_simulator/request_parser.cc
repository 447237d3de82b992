#include "tests/upstream_simulator/request_parser.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>

namespace genledger {
namespace {

namespace http = boost::beast::http;

void Assign(boost::beast::string_view value, std::string* target) {
  target->assign(value.data(), value.size());
}

}  // namespace

RequestParser::RequestParser(Request* request) : request_(request) {
  header_limit(kHeaderBytesMax);
  body_limit(kRequestBodyBytesMax);
}

RequestParser::Result RequestParser::Put(std::string_view bytes) {
  Result result;
  // Beast stops after the headers, as it is not eager before them, and after each piece of a body.
  while (!is_done() && !bytes.empty() && (!is_header_done() || headers_told_)) {
    error_code ec;
    const size_t taken = put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    result.taken += taken;
    bytes.remove_prefix(taken);
    if (ec == http::error::need_more || (!ec && taken == 0)) {
      break;
    }
    if (ec) {
      result.progress = ec == http::error::body_limit     ? Progress::kBodyTooLarge
                        : ec == http::error::header_limit ? Progress::kHeadersTooLarge
                                                          : Progress::kBad;
      return result;
    }
  }
  if (is_header_done() && !headers_told_) {
    headers_told_ = true;
    request_->keep_alive = keep_alive();
    eager(true);
    result.progress = Progress::kHeaders;
  } else if (is_done()) {
    result.progress = Progress::kDone;
  }
  return result;
}

void RequestParser::on_request_impl(http::verb, string_view method, string_view target, int,
                                    error_code&) {
  Assign(method, &request_->method);
  Assign(target, &request_->target);
}

void RequestParser::on_response_impl(int, string_view, int, error_code&) {}

void RequestParser::on_field_impl(http::field name, string_view name_text, string_view value,
                                  error_code&) {
  constexpr boost::beast::string_view kIdempotencyKey = "Idempotency-Key";
  if (name == http::field::authorization) {
    Assign(value, &request_->authorization);
  } else if (name == http::field::content_type) {
    Assign(value, &request_->content_type);
  } else if (name == http::field::expect) {
    expects_continue_ = boost::beast::iequals(value, "100-continue");
  } else if (name == http::field::unknown && boost::beast::iequals(name_text, kIdempotencyKey)) {
    Assign(value, &request_->idempotency_key);
  }
}

void RequestParser::on_header_impl(error_code&) {}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) {
  request_->body.reserve(std::min(length.value_or(0), kRequestBodyBytesMax));
}

std::size_t RequestParser::on_body_impl(string_view bytes, error_code&) {
  request_->body.append(bytes.data(), bytes.size());
  return bytes.size();
}

void RequestParser::on_chunk_header_impl(std::uint64_t, string_view, error_code&) {}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) {
  request_->body.append(bytes.data(), bytes.size());
  return bytes.size();
}

void RequestParser::on_finish_impl(error_code&) {}

}  // namespace genledger
