#include "storage/postgres/write_plans.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/hash/hash.h"

namespace genledger::postgres {
namespace {

// Two that differ and fall together only wait for one another.
size_t TouchOf(char kind, const std::string& text) { return absl::HashOf(kind, text); }
size_t TouchOf(const RequestHash& hash) { return absl::HashOf('h', hash); }

void AddKey(const std::optional<std::string>& tenant, const SubmissionKey& key, WritePlan& plan) {
  if (const auto* id = std::get_if<SubmissionId>(&key)) {
    plan.look_ups.ids.insert(*id);
    plan.touches.push_back(TouchOf('i', id->value()));
  } else if (const auto* request = std::get_if<RequestIdKey>(&key)) {
    if (tenant.has_value()) {
      plan.look_ups.request_ids.insert({*tenant, request->upstream_account, request->request_id});
    }
    plan.touches.push_back(TouchOf('r', request->request_id));
  } else {
    plan.alone = true;  // a task is found by a statement of its own
  }
}

}  // namespace

LookUps LookUpsOf(const NewSubmission& request) {
  LookUps look_ups;
  const Scope& scope = request.scope;
  if (!request.request_id.empty()) {
    look_ups.request_ids.insert({scope.tenant, scope.upstream_account, request.request_id});
  }
  if (request.dedupe_mode == DedupeMode::kContent) {
    look_ups.hashes.insert(
        {scope.tenant, scope.upstream_account, request.hash_version, request.request_hash});
    look_ups.abandoned = look_ups.hashes;
  }
  return look_ups;
}

WritePlan PlanOf(const SubmitCommand& command) {
  WritePlan plan{.look_ups = LookUpsOf(command.request)};
  if (!command.request.request_id.empty()) {
    plan.touches.push_back(TouchOf('r', command.request.request_id));
  }
  plan.touches.push_back(TouchOf(command.request.request_hash));
  return plan;
}

WritePlan PlanOf(const ApplyCommand& command) {
  WritePlan plan;
  AddKey(command.tenant, command.key, plan);
  const auto* const resolution = std::get_if<Resolution>(&command.transition);
  // An adoption asks whose the task is.
  plan.alone =
      plan.alone || (resolution != nullptr && std::holds_alternative<AdoptTask>(resolution->kind));
  return plan;
}

WritePlan PlanOf(const CancelCommand& command) {
  WritePlan plan;
  AddKey(command.tenant, command.key, plan);
  return plan;
}

WritePlan PlanOf(const ClaimDueCommand& command) {
  WritePlan plan = PlanAlone(kClaims);
  plan.look_ups.due_of_account = command.upstream_account;
  return plan;
}

WritePlan PlanAlone(std::string_view name) {
  return {.alone = true, .touches = {TouchOf('a', std::string(name))}};
}

}  // namespace genledger::postgres
