// One HTTP request out of a stream of bytes, without keeping what the upstream does not look at.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/upstream_simulator/upstream.h"

namespace genledger {

inline constexpr uint32_t kHeaderBytesMax = 8'000;
inline constexpr uint64_t kRequestBodyBytesMax = uint64_t{1} << 20;

// For one request; not thread safe.
class RequestParser : public boost::beast::http::basic_parser<true> {
 public:
  enum class Progress {
    kNeedMore,         // everything usable was taken; call again with more behind what was left
    kHeaders,          // told once, when the headers are complete
    kDone,             // the request is whole
    kHeadersTooLarge,  // beyond kHeaderBytesMax
    kBodyTooLarge,     // beyond kRequestBodyBytesMax
    kBad,              // not HTTP
  };
  struct Result {
    Progress progress = Progress::kNeedMore;
    size_t taken = 0;
  };

  // Fills `request`, which must outlive the parser and be empty but for its numbers.
  explicit RequestParser(Request* request);

  Result Put(std::string_view bytes);

  bool expects_continue() const { return expects_continue_; }

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, string_view method, string_view target, int,
                       error_code& ec) override;
  void on_response_impl(int, string_view, int, error_code& ec) override;
  void on_field_impl(boost::beast::http::field name, string_view name_text, string_view value,
                     error_code& ec) override;
  void on_header_impl(error_code& ec) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code& ec) override;
  std::size_t on_body_impl(string_view bytes, error_code& ec) override;
  void on_chunk_header_impl(std::uint64_t, string_view, error_code& ec) override;
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& ec) override;
  void on_finish_impl(error_code& ec) override;

  Request* const request_;
  bool headers_told_ = false;
  bool expects_continue_ = false;
};

}  // namespace genledger
