// The breakers that stand before an attempt: the upstream's, and one for each of our keys.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/domain/attempt_result.h"
#include "service/upstream/breaker_policies.h"
#include "service/upstream/circuit_breaker.h"

namespace genledger {

struct BreakersOptions {
  std::string upstream_scope;  // the host
  CircuitBreakerOptions breaker;
  UpstreamBreakerOptions upstream;
  AccountBreakerOptions account;
};

// Thread safe; never blocks, no I/O. In memory only: breakers are per process.
class Breakers {
 public:
  // The right to send one attempt with one key. Movable; gives back what it holds when destroyed
  // without Record. Must not outlive the Breakers.
  class Permit {
   public:
    Permit(Permit&&) noexcept = default;
    Permit& operator=(Permit&& other) noexcept {
      std::swap(fingerprint_, other.fingerprint_);
      std::swap(upstream_, other.upstream_);
      std::swap(account_breaker_, other.account_breaker_);
      std::swap(account_, other.account_);
      return *this;
    }

    // The key that it is for.
    const std::string& fingerprint() const { return fingerprint_; }
    // Whether either breaker has only this one out: take no second one for the same batch.
    bool is_probe() const {
      return upstream_.is_probe() || (account_.has_value() && account_->is_probe());
    }

   private:
    friend class Breakers;
    Permit(std::string fingerprint, CircuitBreaker::Permit upstream)
        : fingerprint_(std::move(fingerprint)), upstream_(std::move(upstream)) {}

    std::string fingerprint_;
    CircuitBreaker::Permit upstream_;
    // Set together, in this order: a permit must not outlive its breaker, and the key may go.
    std::shared_ptr<CircuitBreaker> account_breaker_;
    std::optional<CircuitBreaker::Permit> account_;
  };
  using Admission = std::variant<Permit, BreakerRefusal>;

  struct Change {
    BreakerChange upstream = BreakerChange::kNone;
    BreakerChange account = BreakerChange::kNone;
  };

  // `fingerprints` as for SetKeys.
  Breakers(BreakersOptions options, const std::vector<std::string>& fingerprints);

  // The keys in force (CredentialFingerprint), in any order; none if no key is configured, which
  // is a key as well: the empty one. If the set has changed all account breakers start anew,
  // closed; attempts that are out under the old ones count no more. Returns whether it has.
  bool SetKeys(const std::vector<std::string>& fingerprints);

  // A permit for the first of `fingerprints`, in the order in which they are to be tried (none:
  // the empty one), whose breaker admits, if the upstream's does too. Refused: with the upstream's
  // refusal, or else the account refusal that ends first. A key that is not in force has no
  // breaker and is admitted: it will end as key_replaced.
  Admission Admit(const std::vector<std::string>& fingerprints, absl::Time now);

  // As Admit would refuse; nullopt if it would give a permit. Changes nothing.
  std::optional<BreakerRefusal> WouldAdmit(const std::vector<std::string>& fingerprints,
                                           absl::Time now) const;

  // The attempt that `permit` allowed ended in `result`.
  Change Record(Permit permit, std::string_view model, const AttemptResult& result, absl::Time now);

  // The upstream's first, then the keys' by fingerprint.
  std::vector<BreakerSnapshot> Snapshot(absl::Time now) const;

 private:
  struct Account {
    std::string fingerprint;
    std::shared_ptr<CircuitBreaker> breaker;
  };

  std::shared_ptr<CircuitBreaker> FindAccount(const std::string& fingerprint) const;

  const BreakersOptions options_;
  CircuitBreaker upstream_;
  mutable absl::Mutex mu_;
  std::vector<Account> accounts_ ABSL_GUARDED_BY(mu_);  // by fingerprint
};

}  // namespace genledger
