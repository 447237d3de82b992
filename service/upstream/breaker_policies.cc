#include "service/upstream/breaker_policies.h"

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

namespace genledger {
namespace {

// A greater step back than threads' readings of one clock can make.
constexpr absl::Duration kClockJitterMax = absl::Seconds(1);

bool IsUpstreamFailure(const AttemptResult& result) {
  switch (result.outcome) {
    case AttemptClass::kNotSent:
    case AttemptClass::kAmbiguous:
      return true;
    case AttemptClass::kRefusedTransient:
      return result.http_status >= 500 || result.trusted_envelope;
    default:
      return false;
  }
}

// "connect_failed", "HTTP 503", "HTTP 502 bad_gateway".
std::string Describe(const AttemptResult& result) {
  if (result.http_status == 0) {
    return result.upstream_code;
  }
  const std::string status = absl::StrCat(result.http_status);
  const bool says_more = !result.upstream_code.empty() && result.upstream_code != status;
  return absl::StrCat("HTTP ", status, says_more ? " " : "", says_more ? result.upstream_code : "");
}

BreakerTrip UpstreamTrip(const std::string& text, const AttemptResult& last) {
  return {.reason = ErrorReason::kUpstreamUnavailable,
          .text = absl::StrCat(text, ", the last: ", Describe(last))};
}

class UpstreamPolicy : public BreakerPolicy {
 public:
  explicit UpstreamPolicy(UpstreamBreakerOptions options) : options_(options) {}

  std::optional<BreakerTrip> Observe(std::string_view /*model*/, const AttemptResult& result,
                                     absl::Time now) override {
    const bool failed = IsUpstreamFailure(result);
    in_a_row_ = failed ? in_a_row_ + 1 : 0;
    Remember(failed, now);
    if (in_a_row_ >= options_.failures_in_a_row) {
      return UpstreamTrip(absl::StrCat(in_a_row_, " attempts in a row failed"), result);
    }
    if (results_.size() >= static_cast<size_t>(options_.window_results_min) &&
        failures_ * 2 >= results_.size()) {
      return UpstreamTrip(
          absl::StrCat(failures_, " of the last ", results_.size(), " attempts failed within ",
                       absl::FormatDuration(options_.window)),
          result);
    }
    return std::nullopt;
  }

  ProbeVerdict JudgeProbe(std::string_view /*model*/, const AttemptResult& result) override {
    if (IsUpstreamFailure(result)) {
      return UpstreamTrip("the probe failed", result);
    }
    return ProbeWorked{};
  }

  void OnClosed() override {
    in_a_row_ = 0;
    failures_ = 0;
    results_.clear();
  }

 private:
  struct Result {
    absl::Time time;
    bool failed;
  };

  void Remember(bool failed, absl::Time now) {
    if (!results_.empty() && results_.back().time - now > kClockJitterMax) {
      results_.clear();  // the clock was set back: these would stay for too long
      failures_ = 0;
    }
    results_.push_back({.time = now, .failed = failed});
    failures_ += failed ? 1 : 0;
    while (results_.front().time + options_.window <= now ||
           results_.size() > static_cast<size_t>(options_.window_results_max)) {
      failures_ -= results_.front().failed ? 1 : 0;
      results_.pop_front();
    }
  }

  const UpstreamBreakerOptions options_;
  int32_t in_a_row_ = 0;
  size_t failures_ = 0;  // in results_
  std::deque<Result> results_;
};

class AccountPolicy : public BreakerPolicy {
 public:
  explicit AccountPolicy(AccountBreakerOptions options) : options_(options) {}

  std::optional<BreakerTrip> Observe(std::string_view model, const AttemptResult& result,
                                     absl::Time /*now*/) override {
    return Judge(model, result);
  }

  ProbeVerdict JudgeProbe(std::string_view model, const AttemptResult& result) override {
    if (std::optional<BreakerTrip> trip = Judge(model, result); trip.has_value()) {
      return *std::move(trip);
    }
    if (result.outcome == AttemptClass::kAccepted) {
      return ProbeWorked{};
    }
    return ProbeSaysNothing{};
  }

  void OnClosed() override {}

 private:
  std::optional<BreakerTrip> Judge(std::string_view model, const AttemptResult& result) {
    if (result.outcome == AttemptClass::kAccepted) {
      forbidden_.erase(std::string(model));
      return std::nullopt;
    }
    if (result.outcome != AttemptClass::kRefusedAccount) {
      return std::nullopt;
    }
    switch (result.reason) {
      case ErrorReason::kUpstreamCredentialInvalid:
        return BreakerTrip{result.reason, "the upstream does not take our API key (401)"};
      case ErrorReason::kUpstreamBalanceExhausted:
        return BreakerTrip{result.reason, "the upstream account's balance is used up (402)"};
      default:
        return JudgeForbidden(model);
    }
  }

  std::optional<BreakerTrip> JudgeForbidden(std::string_view model) {
    const int32_t count = CountForbidden(std::string(model));
    if (count < options_.forbidden_per_model) {
      return std::nullopt;
    }
    return BreakerTrip{
        .reason = ErrorReason::kUpstreamForbidden,
        .text = absl::StrCat("the upstream forbade ", count, " submissions of one model (403)")};
  }

  int32_t CountForbidden(const std::string& model) {
    const auto found = forbidden_.find(model);
    if (found == forbidden_.end() &&
        forbidden_.size() >= static_cast<size_t>(options_.models_max)) {
      return ++forbidden_others_;
    }
    return ++forbidden_[model];
  }

  const AccountBreakerOptions options_;
  // 403s of each model since it was last accepted.
  absl::flat_hash_map<std::string, int32_t> forbidden_;
  int32_t forbidden_others_ = 0;
};

}  // namespace

std::unique_ptr<BreakerPolicy> NewUpstreamBreakerPolicy(UpstreamBreakerOptions options) {
  return std::make_unique<UpstreamPolicy>(options);
}

std::unique_ptr<BreakerPolicy> NewAccountBreakerPolicy(AccountBreakerOptions options) {
  return std::make_unique<AccountPolicy>(options);
}

}  // namespace genledger
