#include "service/upstream/breakers.h"

#include <algorithm>

namespace genledger {
namespace {

std::vector<std::string> OrTheEmptyKey(std::vector<std::string> fingerprints) {
  if (fingerprints.empty()) {
    fingerprints.emplace_back();
  }
  return fingerprints;
}

void KeepEarlier(BreakerRefusal refusal, std::optional<BreakerRefusal>* earliest) {
  if (!earliest->has_value() || refusal.retry_time < (*earliest)->retry_time) {
    *earliest = std::move(refusal);
  }
}

}  // namespace

Breakers::Breakers(BreakersOptions options, const std::vector<std::string>& fingerprints)
    : options_(std::move(options)),
      upstream_(options_.upstream_scope, options_.breaker,
                NewUpstreamBreakerPolicy(options_.upstream)) {
  SetKeys(fingerprints);
}

bool Breakers::SetKeys(const std::vector<std::string>& fingerprints) {
  std::vector<std::string> keys = OrTheEmptyKey(fingerprints);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  // Destroyed after the lock is released.
  std::vector<Account> accounts;
  absl::MutexLock lock(&mu_);
  if (std::equal(keys.begin(), keys.end(), accounts_.begin(), accounts_.end(),
                 [](const std::string& key, const Account& a) { return key == a.fingerprint; })) {
    return false;
  }
  accounts.reserve(keys.size());
  for (std::string& key : keys) {
    auto breaker = std::make_shared<CircuitBreaker>(key, options_.breaker,
                                                    NewAccountBreakerPolicy(options_.account));
    accounts.push_back({.fingerprint = std::move(key), .breaker = std::move(breaker)});
  }
  accounts_.swap(accounts);
  return true;
}

std::shared_ptr<CircuitBreaker> Breakers::FindAccount(const std::string& fingerprint) const {
  absl::MutexLock lock(&mu_);
  for (const Account& account : accounts_) {
    if (account.fingerprint == fingerprint) {
      return account.breaker;
    }
  }
  return nullptr;
}

Breakers::Admission Breakers::Admit(const std::vector<std::string>& fingerprints, absl::Time now) {
  CircuitBreaker::Admission upstream = upstream_.Admit(now);
  if (auto* refusal = std::get_if<BreakerRefusal>(&upstream); refusal != nullptr) {
    return std::move(*refusal);
  }
  std::optional<BreakerRefusal> earliest;
  for (std::string& fingerprint : OrTheEmptyKey(fingerprints)) {
    std::shared_ptr<CircuitBreaker> breaker = FindAccount(fingerprint);
    if (breaker == nullptr) {
      return Permit(std::move(fingerprint), std::get<CircuitBreaker::Permit>(std::move(upstream)));
    }
    CircuitBreaker::Admission account = breaker->Admit(now);
    if (auto* permit = std::get_if<CircuitBreaker::Permit>(&account); permit != nullptr) {
      Permit both(std::move(fingerprint), std::get<CircuitBreaker::Permit>(std::move(upstream)));
      both.account_breaker_ = std::move(breaker);
      both.account_.emplace(std::move(*permit));
      return both;
    }
    KeepEarlier(std::get<BreakerRefusal>(std::move(account)), &earliest);
  }
  return *std::move(earliest);
}

std::optional<BreakerRefusal> Breakers::WouldAdmit(const std::vector<std::string>& fingerprints,
                                                   absl::Time now) const {
  if (std::optional<BreakerRefusal> refusal = upstream_.WouldAdmit(now); refusal.has_value()) {
    return refusal;
  }
  std::optional<BreakerRefusal> earliest;
  for (const std::string& fingerprint : OrTheEmptyKey(fingerprints)) {
    const std::shared_ptr<CircuitBreaker> breaker = FindAccount(fingerprint);
    std::optional<BreakerRefusal> refusal =
        breaker == nullptr ? std::nullopt : breaker->WouldAdmit(now);
    if (!refusal.has_value()) {
      return std::nullopt;
    }
    KeepEarlier(*std::move(refusal), &earliest);
  }
  return earliest;
}

Breakers::Change Breakers::Record(Permit permit, std::string_view model,
                                  const AttemptResult& result, absl::Time now) {
  Change change;
  change.upstream = upstream_.Record(std::move(permit.upstream_), model, result, now);
  // The breaker of a key set that is no longer in force tells nobody anything.
  if (permit.account_.has_value() && FindAccount(permit.fingerprint_) == permit.account_breaker_) {
    change.account =
        permit.account_breaker_->Record(*std::move(permit.account_), model, result, now);
  }
  return change;
}

std::vector<BreakerSnapshot> Breakers::Snapshot(absl::Time now) const {
  std::vector<BreakerSnapshot> snapshots = {upstream_.Snapshot(now)};
  absl::MutexLock lock(&mu_);
  snapshots.reserve(accounts_.size() + 1);
  for (const Account& account : accounts_) {
    snapshots.push_back(account.breaker->Snapshot(now));
  }
  return snapshots;
}

}  // namespace genledger
