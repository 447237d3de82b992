// One HTTP POST as it went over the wire, before anyone says what it means.
#pragma once

#include <string>
#include <string_view>

namespace genledger {

enum class TransportFailure {
  kNone,             // a whole answer arrived
  kShuttingDown,     // given up at shutdown
  kQueueFull,        // too many posts were waiting for a connection
  kStartTooLate,     // deadline or start_by had passed before the first byte
  kBadHeader,        // key or idempotency key cannot be sent as a header
  kResolveFailed,    // DNS
  kConnectFailed,    // refused, unreachable
  kConnectTimeout,   // no connection (TLS included) within the connect timeout
  kTlsFailed,        // handshake or certificate
  kTimeout,          // the deadline passed
  kConnectionLost,   // reset or closed before the answer was whole
  kAnswerCutShort,   // fewer bytes than announced
  kAnswerTooLong,    // more than answer_bytes_max or header_bytes_max
  kAnswerMalformed,  // not HTTP/1.x
  kInternal,         // libcurl refused or ran out of memory
};

// "timeout", "connect_failed" and so on: stored with attempts, so never renamed.
std::string_view TransportFailureName(TransportFailure failure);

struct HttpExchange {
  TransportFailure failure = TransportFailure::kNone;
  // Whether any byte of the request, headers included, was handed to the kernel (or to TLS).
  bool request_byte_written = false;
  // Of the final answer; interim ones (1xx) are none. Set as soon as the status line was read, even
  // if the rest failed; 0 before that.
  int http_status = 0;
  // The values of these headers of the final answer; empty if absent.
  std::string retry_after;
  std::string upstream_request_id;
  // What arrived of the body: all of it only if failure is kNone.
  std::string body;
};

}  // namespace genledger
