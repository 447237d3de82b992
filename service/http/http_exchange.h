// One request over HTTP and its one answer, whole or as a stream; between the server and the
// handlers.
#pragma once

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "service/http/http_message.h"

namespace genledger {

// Thread safe; holds no thread while it waits. Either Answer, or StartStream, Write, …, EndStream.
// An exchange that is dropped without an answer closes its connection.
class HttpExchange {
 public:
  // Told once what became of one write: false if the client has gone, was too slow, or the server
  // stops; then the stream has ended.
  using Written = absl::AnyInvocable<void(bool ok)>;

  virtual ~HttpExchange() = default;

  virtual const HttpRequest& request() const = 0;

  // Once.
  virtual void Answer(HttpResponse response) = 0;

  // Sends the head (the body must be empty); what follows is sent as it comes.
  virtual void StartStream(HttpResponse head, Written written) = 0;
  // Not before the last write was told; not empty.
  virtual void Write(std::string bytes, Written written) = 0;
  virtual void EndStream() = 0;

  // Runs once, on any thread, if the client hangs up before the answer, maybe at once. A client
  // that only shut down its sending side is taken to have hung up; an answer still reaches it.
  virtual void OnGone(absl::AnyInvocable<void()> gone) = 0;
};

// Thread safe. Called on the server's I/O threads: must not block.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  virtual void Handle(std::shared_ptr<HttpExchange> exchange) = 0;

  // The answer to what is no request that can be handled: 400 (not HTTP), 408 (too slow), 413, 414,
  // 417, 431, 501 (a transfer coding that is not chunked), 503 (too much is being read or written).
  // `request` holds what is known of it, without its body.
  virtual HttpResponse Refuse(int status, const HttpRequest& request) = 0;
};

}  // namespace genledger
