// TLS of the HTTP port, with certificates that may change while it serves.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "service/auth/tls_material.h"

namespace genledger {

// Thread safe.
class HttpTls {
 public:
  // `material` must be set, and outlive this.
  explicit HttpTls(const CurrentTlsMaterial* material) : material_(material) {}

  // What the next connection begins with: TLS 1.2 and 1.3, forward secrecy and AEAD only.
  std::shared_ptr<boost::asio::ssl::context> Context();

 private:
  const CurrentTlsMaterial* const material_;
  absl::Mutex mu_;
  std::shared_ptr<const TlsMaterial> made_of_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<boost::asio::ssl::context> context_ ABSL_GUARDED_BY(mu_);
};

}  // namespace genledger
