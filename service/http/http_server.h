// An HTTP/1.1 server: connections, limits and time, for the JSON front's handlers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/auth/tls_material.h"
#include "service/http/http_exchange.h"

namespace genledger {

// What a connection may take. Beyond a limit of size the request is answered (431, 414, 413) and
// the connection closed.
struct HttpLimits {
  size_t header_bytes_max = size_t{16} * 1024;  // with the request line
  size_t url_bytes_max = size_t{8} * 1024;
  size_t body_bytes_max = size_t{1024} * 1024;  // as gRPC's messages
  // Beyond it a new connection takes the place of the one that has been idle the longest. Where
  // none is idle it waits in the kernel's queue until one is closed.
  size_t connections_max = 10'000;
  // Of bodies that were read and are not answered yet, over all connections; beyond it 503. 16 KiB
  // of each are free.
  size_t bodies_bytes_max = size_t{64} * 1024 * 1024;
  // Of answers that are being written, over all connections: one that does not fit becomes a 503,
  // a stream ends. What has up to 16 KiB is free.
  size_t answers_bytes_max = size_t{64} * 1024 * 1024;
  // From its first byte to its last; then 408.
  absl::Duration request_time_max = absl::Seconds(20);
  // For one answer, or one write of a stream, to be taken by the client; then it is cut off.
  absl::Duration write_time_max = absl::Seconds(30);
  // For TLS's handshake, and then for the first byte of the first request; then the connection is
  // closed.
  absl::Duration first_byte_time_max = absl::Seconds(10);
  // Between requests; then the connection is closed.
  absl::Duration idle_time_max = absl::Seconds(75);
};

struct HttpServerOptions {
  std::string host = "127.0.0.1";  // a name, an IPv4 address, or an IPv6 address in brackets
  uint16_t port = 0;               // 0: a free one
  int io_threads = 2;
  const CurrentTlsMaterial* tls = nullptr;  // null: plaintext; must outlive Shutdown
  HttpLimits limits;
};

// Keep-alive, one request of a connection at a time (what is sent ahead waits unread), chunked
// bodies, Expect: 100-continue. A request that waits for its answer holds a connection and no
// thread.
class HttpServer {
 public:
  // Listens, and serves from now on. `handler` must outlive Shutdown. UNAVAILABLE in one line if
  // it cannot listen there.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                           HttpHandler* handler);

  virtual ~HttpServer() = default;

  virtual int port() const = 0;

  // Accepts nobody any more, closes idle connections at once and the others after their answers,
  // and cuts off what is left at `deadline`. Afterwards answers go nowhere. Idempotent.
  virtual void Shutdown(absl::Time deadline) = 0;
};

}  // namespace genledger
