#include "service/upstream/http_upstream_client.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/base/secret.h"
#include "service/base/status_macros.h"
#include "service/upstream/classify.h"
#include "service/upstream/curl_transport.h"
#include "service/upstream/http_exchange.h"
#include "service/upstream/upstream_url.h"

namespace genledger {
namespace {

CurlTransportOptions TransportOptions(const HttpUpstreamClientOptions& options) {
  CurlTransportOptions out;
  out.connect_timeout = options.connect_timeout;
  out.idle_max = options.idle_max;
  out.connections_max = options.connections_max;
  out.ca_file = options.ca_file;
  return out;
}

bool HoldsCertificates(const std::string& path) {
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(),
                                                                      &X509_STORE_free);
  const bool loaded = X509_STORE_load_file(store.get(), path.c_str()) == 1;
  ERR_clear_error();
  return loaded;
}

class HttpUpstreamClient : public UpstreamClient {
 public:
  HttpUpstreamClient(HttpUpstreamClientOptions options, UpstreamUrl url, Clock* clock)
      : options_(std::move(options)),
        url_(std::move(url)),
        clock_(clock),
        transport_(TransportOptions(options_), clock) {}

  void Post(PostRequest request, Done done) override {
    ClassifyOptions classify = {
        .trust_5xx_envelope = options_.trust_5xx_envelope,
        .idempotency_key_sent = options_.send_idempotency_key && !request.idempotency_key.empty(),
        .api_key = request.api_key};
    HttpPost post = {.url = url_.post,
                     .body = std::move(request.body),
                     .api_key = std::move(request.api_key),
                     .deadline = std::min(request.deadline, clock_->Now() + options_.total_timeout),
                     .start_by = request.start_by};
    if (options_.send_idempotency_key) {
      post.idempotency_key = std::move(request.idempotency_key);
    }
    transport_.Post(std::move(post),
                    [clock = clock_, classify = std::move(classify),
                     done = std::move(done)](const HttpExchange& exchange) mutable {
                      classify.now = clock->Now();
                      std::move(done)(Classify(exchange, classify));
                    });
  }

  const std::string& base_url() const override { return url_.base; }

  UpstreamCredentials credentials() const override {
    return options_.credentials ? options_.credentials()
                                : std::make_shared<const std::vector<UpstreamCredential>>();
  }

  void Shutdown(absl::Duration grace) override { transport_.Shutdown(grace); }

 private:
  const HttpUpstreamClientOptions options_;
  const UpstreamUrl url_;
  Clock* const clock_;
  CurlTransport transport_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<UpstreamClient>> NewHttpUpstreamClient(
    HttpUpstreamClientOptions options, Clock* clock) {
  GL_ASSIGN_OR_RETURN(UpstreamUrl url, ParseUpstreamUrl(options.base_url));
  if (options.connections_max < 1 || options.idle_max < absl::Seconds(1) ||
      options.connect_timeout <= absl::ZeroDuration() ||
      options.total_timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        "the upstream's connections and timeouts must be positive, the idle time at least 1 s");
  }
  if (!options.ca_file.empty() && !HoldsCertificates(options.ca_file)) {
    return absl::InvalidArgumentError(absl::StrCat("the upstream's CA file ", options.ca_file,
                                                   " cannot be read or holds no PEM certificate"));
  }
  return std::make_unique<HttpUpstreamClient>(std::move(options), std::move(url), clock);
}

}  // namespace genledger
