#include "service/upstream/curl_handle.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "service/base/check.h"

namespace genledger {
namespace {

// Answers are small; 10,000 posts may be in flight.
constexpr long kReceiveBufferBytes = 1L << 10;  // NOLINT(google-runtime-int): libcurl's type
constexpr std::string_view kIdempotencyPrefix = "Idempotency-Key: ";

template <typename T>
void Set(CURL* easy, CURLoption option, T value) {
  GL_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK, "libcurl refused an option");
}

long Milliseconds(absl::Duration duration) {  // NOLINT(google-runtime-int): libcurl's type
  // At least 1: libcurl reads 0 as "no limit".
  return static_cast<long>(std::max<int64_t>(  // NOLINT(google-runtime-int)
      1, absl::ToInt64Milliseconds(absl::Ceil(duration, absl::Milliseconds(1)))));
}

// The value if `line` is the header `name` (lower case, with its colon).
bool HeaderValue(std::string_view line, std::string_view name, std::string* value) {
  if (!absl::StartsWithIgnoreCase(absl::string_view(line.data(), line.size()),
                                  absl::string_view(name.data(), name.size()))) {
    return false;
  }
  const absl::string_view rest = absl::StripAsciiWhitespace(
      absl::string_view(line.data() + name.size(), line.size() - name.size()));
  value->assign(rest.data(), rest.size());
  return true;
}

}  // namespace

CurlHeaders::CurlHeaders(const Secret& api_key) : api_key_(api_key) {
  const auto add = [this](const char* line) {
    list_ = curl_slist_append(list_, line);
    GL_CHECK(list_ != nullptr, "out of memory");
  };
  add("Content-Type: application/json");
  add("Accept: application/json");
  add("Expect:");  // never wait for 100 Continue
  if (!api_key.empty()) {
    add(("Authorization: Bearer " + api_key.Reveal()).c_str());
  }
}

CurlHandle::CurlHandle(size_t index, const CurlHandleOptions& options, Clock* clock,
                       const CurlSocketHooks& hooks)
    : index_(index),
      answer_bytes_max_(options.answer_bytes_max),
      header_bytes_max_(options.header_bytes_max),
      clock_(clock),
      hooks_(hooks),
      easy_(curl_easy_init()) {
  GL_CHECK(easy_ != nullptr, "out of memory");
  SetConstantOptions(options);
  SetCallbacks();
}

void CurlHandle::SetConstantOptions(const CurlHandleOptions& options) {
  Set(easy_, CURLOPT_PRIVATE, this);
  Set(easy_, CURLOPT_POST, 1L);
  Set(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));  // NOLINT
  Set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  Set(easy_, CURLOPT_PROXY, "");  // whatever the environment says
  Set(easy_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));  // NOLINT
  Set(easy_, CURLOPT_NOSIGNAL, 1L);
  Set(easy_, CURLOPT_NOPROGRESS, 1L);
  Set(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
  Set(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) {
    Set(easy_, CURLOPT_CAINFO, options.ca_file.c_str());
  }
  Set(easy_, CURLOPT_USERAGENT, options.user_agent.c_str());
  Set(easy_, CURLOPT_CONNECTTIMEOUT_MS, Milliseconds(options.connect_timeout));
  // Whole seconds, and a connection is too old only when it is older: 9 stands for "10 or more".
  Set(easy_, CURLOPT_MAXAGE_CONN,
      std::max(0L, static_cast<long>(absl::ToInt64Seconds(options.idle_max)) - 1));  // NOLINT
  // A slow resolver's thread is left to end by itself; otherwise the one thread would wait for it.
  Set(easy_, CURLOPT_QUICK_EXIT, 1L);
  Set(easy_, CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
}

void CurlHandle::SetCallbacks() {
  Set(easy_, CURLOPT_WRITEFUNCTION, &CurlHandle::OnBody);
  Set(easy_, CURLOPT_WRITEDATA, this);
  Set(easy_, CURLOPT_HEADERFUNCTION, &CurlHandle::OnHeader);
  Set(easy_, CURLOPT_HEADERDATA, this);
  Set(easy_, CURLOPT_PREREQFUNCTION, &CurlHandle::OnPreRequest);
  Set(easy_, CURLOPT_PREREQDATA, this);
  Set(easy_, CURLOPT_OPENSOCKETFUNCTION, &CurlHandle::OnOpenSocket);
  Set(easy_, CURLOPT_OPENSOCKETDATA, this);
  Set(easy_, CURLOPT_CLOSESOCKETFUNCTION, hooks_.close);
  Set(easy_, CURLOPT_CLOSESOCKETDATA, hooks_.arg);
}

CurlHandle* CurlHandle::Of(CURL* easy) {
  char* self = nullptr;
  GL_CHECK(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self) == CURLE_OK && self != nullptr,
           "an easy handle that is not ours");
  return reinterpret_cast<CurlHandle*>(self);
}

void CurlHandle::Prepare(HttpPost post, std::shared_ptr<const CurlHeaders> headers) {
  post_ = std::move(post);
  headers_ = std::move(headers);
  start_too_late_ = false;
  second_start_refused_ = false;
  answer_too_long_ = false;
  headers_complete_ = false;
  header_bytes_ = 0;
  exchange_ = HttpExchange();

  if (url_set_ != post_.url) {
    Set(easy_, CURLOPT_URL, post_.url.c_str());
    url_set_ = post_.url;
  }
  curl_slist* list = headers_->list();
  if (!post_.idempotency_key.empty()) {
    idempotency_header_.assign(kIdempotencyPrefix);
    idempotency_header_ += post_.idempotency_key;
    idempotency_node_ = {.data = idempotency_header_.data(), .next = list};
    list = &idempotency_node_;
  }
  Set(easy_, CURLOPT_HTTPHEADER, list);
  // Not copied. Unlike what a read callback gives, it goes out together with the headers, and needs
  // no buffer of 16 KiB for as long as the answer takes.
  Set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(post_.body.size()));
  Set(easy_, CURLOPT_POSTFIELDS, post_.body.data());
  Set(easy_, CURLOPT_FRESH_CONNECT, 0L);
  Set(easy_, CURLOPT_TIMEOUT_MS, Milliseconds(post_.deadline - clock_->Now()));
}

bool CurlHandle::AnyByteWritten() const {
  // REQUEST_SIZE counts what the first write took, SIZE_UPLOAD what later ones did. Both are asked
  // because a retry resets the latter.
  long request_bytes = 0;  // NOLINT(google-runtime-int): libcurl's type
  curl_off_t upload_bytes = 0;
  curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &request_bytes);
  curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &upload_bytes);
  return request_bytes > 0 || upload_bytes > 0;
}

TransportFailure CurlHandle::FailureOf(CURLcode code) const {
  if (answer_too_long_) {
    return TransportFailure::kAnswerTooLong;
  }
  if (start_too_late_) {
    return TransportFailure::kStartTooLate;
  }
  if (second_start_refused_) {
    return TransportFailure::kConnectionLost;
  }
  switch (code) {
    case CURLE_OK:
      if (exchange_.http_status == 0) {
        return TransportFailure::kAnswerMalformed;  // an interim status (101) is no answer
      }
      // libcurl is content with headers that end in mid-air.
      return headers_complete_ ? TransportFailure::kNone : TransportFailure::kConnectionLost;
    case CURLE_COULDNT_RESOLVE_HOST:
      return TransportFailure::kResolveFailed;
    case CURLE_COULDNT_CONNECT:
      return TransportFailure::kConnectFailed;
    case CURLE_OPERATION_TIMEDOUT:
      return AnyByteWritten() ? TransportFailure::kTimeout : TransportFailure::kConnectTimeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return TransportFailure::kTlsFailed;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
      return TransportFailure::kConnectionLost;
    case CURLE_PARTIAL_FILE:
      return TransportFailure::kAnswerCutShort;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9, which is any garbage
    case CURLE_BAD_CONTENT_ENCODING:
      return TransportFailure::kAnswerMalformed;
    default:
      return TransportFailure::kInternal;
  }
}

HttpExchange CurlHandle::Finish(CURLcode code) {
  long status = 0;  // NOLINT(google-runtime-int): libcurl's type
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  exchange_.http_status = status >= 200 ? static_cast<int>(status) : 0;
  exchange_.request_byte_written = AnyByteWritten();
  exchange_.failure = FailureOf(code);
  post_ = HttpPost();
  return std::exchange(exchange_, HttpExchange());
}

HttpExchange CurlHandle::GiveUp(TransportFailure failure) {
  HttpExchange exchange = Finish(CURLE_ABORTED_BY_CALLBACK);
  exchange.failure = failure;
  return exchange;
}

int CurlHandle::OnPreRequest(void* self, char*, char*, int, int) {
  auto& handle = *static_cast<CurlHandle*>(self);
  if (handle.AnyByteWritten()) {
    handle.second_start_refused_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  const absl::Time now = handle.clock_->Now();
  if (now >= handle.post_.start_by || now >= handle.post_.deadline) {
    handle.start_too_late_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  // A repeat over another idle connection would pass by the socket callback.
  Set(handle.easy_, CURLOPT_FRESH_CONNECT, 1L);
  return CURL_PREREQFUNC_OK;
}

curl_socket_t CurlHandle::OnOpenSocket(void* self, curlsocktype purpose, curl_sockaddr* address) {
  auto& handle = *static_cast<CurlHandle*>(self);
  if (handle.AnyByteWritten()) {
    handle.second_start_refused_ = true;
    return CURL_SOCKET_BAD;
  }
  return handle.hooks_.open(handle.hooks_.arg, purpose, address);
}

size_t CurlHandle::OnBody(char* data, size_t size, size_t count, void* self) {
  auto& handle = *static_cast<CurlHandle*>(self);
  std::string& body = handle.exchange_.body;
  const size_t bytes = size * count;
  if (bytes > handle.answer_bytes_max_ - body.size()) {
    handle.answer_too_long_ = true;
    return 0;
  }
  body.append(data, bytes);
  return bytes;
}

bool CurlHandle::ReadHeader(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > header_bytes_max_) {
    answer_too_long_ = true;
    return false;
  }
  if (line.substr(0, 5) == "HTTP/") {
    headers_complete_ = false;
    // An interim answer's headers are not the final one's.
    exchange_.retry_after.clear();
    exchange_.upstream_request_id.clear();
  } else if (line == "\r\n" || line == "\n") {
    headers_complete_ = true;
  } else if (!HeaderValue(line, "retry-after:", &exchange_.retry_after)) {
    HeaderValue(line, "x-oneapi-request-id:", &exchange_.upstream_request_id);
  }
  return true;
}

size_t CurlHandle::OnHeader(char* data, size_t size, size_t count, void* self) {
  const size_t bytes = size * count;
  return static_cast<CurlHandle*>(self)->ReadHeader({data, bytes}) ? bytes : 0;
}

}  // namespace genledger
