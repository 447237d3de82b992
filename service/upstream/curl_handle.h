// One reusable libcurl easy handle that sends one POST at a time.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/secret.h"
#include "service/upstream/http_exchange.h"

namespace genledger {

struct HttpPost {
  std::string url;
  // Sent byte for byte as application/json.
  std::string body;
  // Sent as a bearer token; empty: not sent.
  Secret api_key;
  // Sent as Idempotency-Key; empty: not sent.
  std::string idempotency_key;
  absl::Time deadline;
  absl::Time start_by;
};

struct CurlHandleOptions {
  absl::Duration connect_timeout;
  absl::Duration idle_max;
  size_t answer_bytes_max;
  size_t header_bytes_max;
  std::string ca_file;
  std::string user_agent;
};

// The headers that all posts with one key share, built once.
class CurlHeaders {
 public:
  explicit CurlHeaders(const Secret& api_key);
  ~CurlHeaders() { curl_slist_free_all(list_); }
  CurlHeaders(const CurlHeaders&) = delete;
  CurlHeaders& operator=(const CurlHeaders&) = delete;

  const Secret& api_key() const { return api_key_; }
  curl_slist* list() const { return list_; }

 private:
  const Secret api_key_;
  curl_slist* list_ = nullptr;
};

// Called in place of socket(2) and close(2); see libcurl's CURLOPT_OPENSOCKETFUNCTION.
struct CurlSocketHooks {
  curl_opensocket_callback open;
  curl_closesocket_callback close;
  void* arg;
};

// What libcurl does for us, and what it must not do. It would post again by itself, on a fresh
// connection or another idle one, when a kept-alive one dies before an answer: once a byte was
// written, the pre-request callback refuses a second start; and a second start would need a fresh
// connection, which the socket callback refuses. Either alone stops it. Used by the transport's
// thread only.
class CurlHandle {
 public:
  // `clock` and what the hooks point to must outlive the handle and its connections.
  // `index` is the caller's, to find its own record of the handle.
  CurlHandle(size_t index, const CurlHandleOptions& options, Clock* clock,
             const CurlSocketHooks& hooks);
  ~CurlHandle() { curl_easy_cleanup(easy_); }
  CurlHandle(const CurlHandle&) = delete;
  CurlHandle& operator=(const CurlHandle&) = delete;

  size_t index() const { return index_; }
  CURL* easy() const { return easy_; }
  // The handle whose easy() this is.
  static CurlHandle* Of(CURL* easy);

  // Makes ready for `post`; the caller then adds easy() to its multi handle.
  void Prepare(HttpPost post, std::shared_ptr<const CurlHeaders> headers);

  // What came of it. Call it once, with libcurl's result, before easy() leaves the multi handle.
  HttpExchange Finish(CURLcode code);
  // The same for a post that was given up by us.
  HttpExchange GiveUp(TransportFailure failure);

 private:
  static size_t OnBody(char* data, size_t size, size_t count, void* self);
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);
  static int OnPreRequest(void* self, char* remote_ip, char* local_ip, int remote_port,
                          int local_port);
  static curl_socket_t OnOpenSocket(void* self, curlsocktype purpose, curl_sockaddr* address);

  void SetConstantOptions(const CurlHandleOptions& options);
  void SetCallbacks();
  bool AnyByteWritten() const;
  bool ReadHeader(std::string_view line);
  TransportFailure FailureOf(CURLcode code) const;

  const size_t index_;
  const size_t answer_bytes_max_;
  const size_t header_bytes_max_;
  Clock* const clock_;
  const CurlSocketHooks hooks_;
  CURL* const easy_;

  // The post at hand.
  HttpPost post_;
  std::string url_set_;  // what easy_ has
  std::shared_ptr<const CurlHeaders> headers_;
  std::string idempotency_header_;
  curl_slist idempotency_node_{};  // in front of the shared list
  bool start_too_late_ = false;
  bool second_start_refused_ = false;
  bool answer_too_long_ = false;
  bool headers_complete_ = false;
  size_t header_bytes_ = 0;
  HttpExchange exchange_;
};

}  // namespace genledger
