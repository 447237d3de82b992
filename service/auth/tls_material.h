// What the server proves itself with, and trusts, over TLS.
#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "service/base/secret.h"

namespace genledger {

// PEM texts that fit each other.
struct TlsMaterial {
  std::string certificate_chain;  // the server's own first
  Secret private_key;
  std::string client_roots;  // that client certificates are verified with; empty: none is asked for
};

// INVALID_ARGUMENT, one line without any of the texts: no certificate or key, a key that is not the
// certificate's, no root where there should be some.
absl::StatusOr<std::shared_ptr<const TlsMaterial>> MakeTlsMaterial(TlsMaterial material);

// Whether clients have to bring a certificate where client_roots are set.
enum class ClientCertificate { kOptional, kRequired };

// What new connections are served with; those that are open keep what they began with. Thread safe.
class CurrentTlsMaterial {
 public:
  explicit CurrentTlsMaterial(ClientCertificate client_certificate)
      : client_certificate_(client_certificate) {}

  ClientCertificate client_certificate() const { return client_certificate_; }

  void Set(std::shared_ptr<const TlsMaterial> material) {
    absl::MutexLock lock(&mu_);
    material_.swap(material);
  }
  // Null before the first Set. Another pointer is another material.
  std::shared_ptr<const TlsMaterial> Get() const {
    absl::MutexLock lock(&mu_);
    return material_;
  }

 private:
  const ClientCertificate client_certificate_;
  mutable absl::Mutex mu_;
  std::shared_ptr<const TlsMaterial> material_ ABSL_GUARDED_BY(mu_);
};

}  // namespace genledger
