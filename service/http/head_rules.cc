#include "service/http/head_rules.h"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>

namespace genledger {

namespace beast = boost::beast;
namespace http = boost::beast::http;

int StatusOfHead(const http::request_header<>& head, size_t url_bytes_max) {
  if (head.target().size() > url_bytes_max) {
    return 414;
  }
  if (head.version() != 10 && head.version() != 11) {
    return 400;
  }
  const size_t hosts = head.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && head.version() == 11)) {
    return 400;
  }
  if (const auto coding = head.find(http::field::transfer_encoding); coding != head.end()) {
    // Two lengths are a way to smuggle a request past a proxy.
    if (head.count(http::field::content_length) > 0 ||
        head.count(http::field::transfer_encoding) > 1 || head.version() == 10) {
      return 400;
    }
    if (!beast::iequals(coding->value(), "chunked")) {
      return 501;
    }
  }
  const auto expect = head.find(http::field::expect);
  return expect == head.end() || beast::iequals(expect->value(), "100-continue") ? 0 : 417;
}

int StatusOfReadError(const boost::system::error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return 431;
  }
  if (error == http::error::body_limit) {
    return 413;
  }
  const bool is_syntax = error.category() == make_error_code(http::error::bad_method).category() &&
                         error != http::error::end_of_stream &&
                         error != http::error::partial_message;
  return is_syntax ? 400 : 0;
}

}  // namespace genledger
