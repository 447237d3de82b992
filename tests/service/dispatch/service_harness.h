// A SubmissionService over the dispatch harness, and calls whose answers can be looked at.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "service/base/principal.h"
#include "service/dispatch/submission_service.h"
#include "tests/service/dispatch/dispatch_harness.h"
#include "tests/storage/store_requests.h"

namespace genledger {

// One call: its answer once there is one.
template <typename T>
struct Call {
  std::shared_ptr<CallHandle> handle;
  std::shared_ptr<std::optional<absl::StatusOr<T>>> answer =
      std::make_shared<std::optional<absl::StatusOr<T>>>();

  auto Done() {
    return [answer = answer](absl::StatusOr<T> value) {
      EXPECT_FALSE(answer->has_value()) << "answered twice";
      answer->emplace(std::move(value));
    };
  }
  bool answered() const { return answer->has_value(); }
  const absl::StatusOr<T>& get() const { return answer->value(); }
  const T& operator*() const { return answer->value().value(); }
  const T* operator->() const { return &answer->value().value(); }
};

struct ServiceHarness : DispatchHarness {
  explicit ServiceHarness(int32_t concurrency_max = 100, ValidationRules rules = {},
                          AmbiguityRules ambiguity = {},
                          UpstreamBreakerOptions upstream_breaker = kNeverOpens)
      : DispatchHarness(concurrency_max, ambiguity, upstream_breaker),
        service({.upstream_account = kTestAccount, .validation = rules}, {.store = &store,
                                                                          .dispatcher = &dispatcher,
                                                                          .hub = &hub,
                                                                          .clock = &clock,
                                                                          .ids = &ids}) {
    dispatcher.Start();
  }
  ~ServiceHarness() { service.Drain(); }

  Call<SubmitAnswer> Submit(SubmitInput input) { return SubmitAs(caller, std::move(input)); }
  Call<SubmitAnswer> SubmitAs(const Principal& principal, SubmitInput input) {
    clock.Advance(absl::Milliseconds(1));
    Call<SubmitAnswer> call;
    call.handle = service.Submit(principal, std::move(input), call.Done());
    return call;
  }
  Call<GetAnswer> Get(const Principal& principal, GetInput input) {
    Call<GetAnswer> call;
    call.handle = service.Get(principal, std::move(input), call.Done());
    return call;
  }

  const Principal caller{.name = "worker", .tenant = kTestTenant, .role = Role::kCaller};
  const Principal stranger{.name = "spy", .tenant = "other", .role = Role::kCaller};
  const Principal op{.name = "root", .tenant = "ops", .role = Role::kOperator};
  SubmissionService service;
};

inline SubmitInput InputOf(std::string prompt, std::string request_id = "") {
  return {.spec = {.prompt = std::move(prompt)}, .request_id = std::move(request_id)};
}

}  // namespace genledger
