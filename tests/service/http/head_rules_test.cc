#include "service/http/head_rules.h"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <string>
#include <utility>
#include <vector>

namespace genledger {
namespace {

namespace http = boost::beast::http;

constexpr size_t kUrlBytesMax = 100;

// `version`: 11 is HTTP/1.1.
int StatusOf(const std::vector<std::pair<http::field, std::string>>& fields, unsigned version = 11,
             const std::string& target = "/") {
  http::request_header<> head;
  head.method(http::verb::post);
  head.target(target);
  head.version(version);
  for (const auto& [name, value] : fields) {
    head.insert(name, value);
  }
  return StatusOfHead(head, kUrlBytesMax);
}

const std::pair<http::field, std::string> kHost = {http::field::host, "localhost"};

TEST(StatusOfHead, TakesWhatClientsSend) {
  using enum http::field;
  EXPECT_EQ(StatusOf({kHost}), 0);
  EXPECT_EQ(StatusOf({}, 10), 0);
  EXPECT_EQ(StatusOf({kHost, {content_length, "5"}}), 0);
  EXPECT_EQ(StatusOf({kHost, {transfer_encoding, "Chunked"}}), 0);
  EXPECT_EQ(StatusOf({kHost, {expect, "100-Continue"}}), 0);
  EXPECT_EQ(StatusOf({kHost}, 11, std::string(kUrlBytesMax, '/')), 0);
}

TEST(StatusOfHead, RefusesWhatCanBeReadInTwoWays) {
  using enum http::field;
  EXPECT_EQ(StatusOf({}), 400);
  EXPECT_EQ(StatusOf({kHost, kHost}), 400);
  EXPECT_EQ(StatusOf({kHost, {content_length, "5"}, {transfer_encoding, "chunked"}}), 400);
  EXPECT_EQ(StatusOf({kHost, {transfer_encoding, "chunked"}, {transfer_encoding, "chunked"}}), 400);
  EXPECT_EQ(StatusOf({kHost, {transfer_encoding, "chunked"}}, 10), 400);
}

TEST(StatusOfHead, RefusesWhatIsNotUnderstood) {
  using enum http::field;
  EXPECT_EQ(StatusOf({kHost}, 20), 400);
  EXPECT_EQ(StatusOf({kHost}, 11, std::string(kUrlBytesMax + 1, '/')), 414);
  EXPECT_EQ(StatusOf({kHost, {expect, "a miracle"}}), 417);
  EXPECT_EQ(StatusOf({kHost, {transfer_encoding, "gzip"}}), 501);
  EXPECT_EQ(StatusOf({kHost, {transfer_encoding, "gzip, chunked"}}), 501);
}

TEST(StatusOfReadError, AnswersFaultsAndNotThoseWhoHaveGone) {
  EXPECT_EQ(StatusOfReadError(http::error::header_limit), 431);
  EXPECT_EQ(StatusOfReadError(http::error::buffer_overflow), 431);
  EXPECT_EQ(StatusOfReadError(http::error::body_limit), 413);
  EXPECT_EQ(StatusOfReadError(http::error::bad_method), 400);
  EXPECT_EQ(StatusOfReadError(http::error::bad_chunk), 400);
  EXPECT_EQ(StatusOfReadError(http::error::end_of_stream), 0);
  EXPECT_EQ(StatusOfReadError(http::error::partial_message), 0);
  EXPECT_EQ(StatusOfReadError(boost::asio::error::connection_reset), 0);
}

}  // namespace
}  // namespace genledger
