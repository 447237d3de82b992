#include "tests/simulation/callers.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

namespace genledger::simulation {
namespace {

using enum SubmissionState;

constexpr size_t kWishesKept = 8;
// A held submission is silent but for heartbeats, for ever.
constexpr int kWatchMessagesMax = 20;
constexpr std::array kWaits = {absl::ZeroDuration(), absl::Seconds(1), absl::Seconds(20),
                               absl::Seconds(60)};
constexpr std::array kSubmitWithins = {absl::Seconds(2), absl::Seconds(60), absl::Minutes(5)};
constexpr std::array kWindows = {absl::Minutes(1), absl::Hours(1), absl::Hours(24)};

const Principal& Operator() {
  static const Principal kOperator{.name = "operator", .tenant = "ops", .role = Role::kOperator};
  return kOperator;
}

Principal CallerOf(std::string tenant) {
  return {.name = "worker", .tenant = std::move(tenant), .role = Role::kCaller};
}

const Submission& RecordOf(const SubmitAnswer& answer) { return *answer.submission; }
const Submission& RecordOf(const GetAnswer& answer) { return *answer.submission; }
const Submission& RecordOf(const CancelResult& answer) { return answer.submission; }
const Submission& RecordOf(const Submission& answer) { return answer; }

}  // namespace

std::vector<std::string> Callers::Unanswered(const std::function<bool(Owner)>& alive) const {
  std::vector<std::string> calls;
  for (const auto& [number, call] : open_) {
    if (alive(call.process)) {
      calls.push_back(absl::StrCat("call ", number, " (", call.what, ")"));
    }
  }
  return calls;
}

void Callers::ActLater() {
  absl::Duration pause = s_.dice->Between(absl::Milliseconds(1), absl::Seconds(4));
  if (s_.dice->OneIn(12)) {
    pause = s_.dice->Between(absl::Seconds(10), absl::Minutes(4));
  } else if (s_.options->long_pauses && s_.dice->OneIn(25)) {
    pause =
        s_.dice->Between(absl::Minutes(30), s_.dice->OneIn(4) ? absl::Hours(26) : absl::Hours(2));
  }
  s_.loop->After(pause, kWorld, "somebody acts", [this] {
    if (!stopped_) {
      Act();
      ActLater();
    }
  });
}

void Callers::Act() {
  switch (s_.dice->Below(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
      Submit();
      break;
    case 6:
    case 7:
    case 8:
      Repeat();
      break;
    case 9:
      s_.dice->OneIn(2) ? Read() : Watch();
      break;
    case 10:
      Cancel();
      break;
    case 11:
      Release();
      break;
    case 12:
    case 13:
    case 14:
      Resolve();
      break;
    default:
      Retry();
  }
}

void Callers::Go(Replica* replica, std::string_view what, EventLoop::Callback call) {
  s_.loop->After(s_.dice->Between(absl::Microseconds(50), absl::Milliseconds(5)),
                 replica->process(), what, std::move(call));
}

// The end of a call: whatever it says is audited at the moment it leaves the replica.
template <typename T>
auto Callers::Answered(uint64_t call, CallerKey key) {
  return [this, call, key = std::move(key)](absl::StatusOr<T> answer) {
    const auto open = open_.find(call);
    if (open == open_.end()) {
      s_.auditor->Broke(Rule::kLiveness, absl::StrCat("call ", call, " was answered twice"));
      return;
    }
    open_.erase(open);
    if (answer.ok()) {
      s_.auditor->OnAnswer(call, key, RecordOf(*answer));
    } else {
      s_.auditor->OnRefused(call, key, answer.status());
    }
  };
}

SubmitInput Callers::DrawInput() {
  SubmitInput input;
  uint64_t content = s_.dice->Below(s_.options->contents);
  if (!s_.dice->OneIn(4)) {
    const uint64_t request = s_.dice->Below(s_.options->request_ids);
    input.request_id = absl::StrCat("r", request);
    // Seldom, a request_id comes with another payload.
    content = s_.dice->OneIn(12) ? content : request % s_.options->contents;
  }
  input.spec.prompt = absl::StrCat("a boat, number ", content);
  if (s_.options->ids_only && !input.request_id.empty() && s_.dice->OneIn(2)) {
    input.dedupe_mode = DedupeMode::kRequestIdOnly;
  }
  input.ambiguity_policy = static_cast<AmbiguityPolicy>(1 + s_.dice->Below(3));
  input.dedupe_window = s_.dice->Pick(kWindows);
  input.wait = s_.dice->Pick(kWaits);
  input.submit_within = s_.dice->Pick(kSubmitWithins);
  return input;
}

void Callers::Submit() {
  SubmitInput input = DrawInput();
  std::string tenant = absl::StrCat("tenant-", s_.dice->Below(s_.options->tenants));
  SendSubmit(tenant, input);
  if (wishes_.size() >= kWishesKept) {
    wishes_.erase(wishes_.begin());
  }
  wishes_.emplace_back(std::move(tenant), std::move(input));
}

// As a worker does that has crashed, or whose call was lost.
void Callers::Repeat() {
  if (!wishes_.empty()) {
    const auto& [tenant, input] = s_.dice->Pick(wishes_);
    SendSubmit(tenant, input);
  }
}

void Callers::SendSubmit(const std::string& tenant, const SubmitInput& input) {
  Replica* const replica = choose_();
  if (replica != nullptr) {
    Go(replica, "call: submit",
       [this, replica, tenant, input] { BeginSubmit(replica, tenant, input); });
  }
}

void Callers::BeginSubmit(Replica* replica, const std::string& tenant, SubmitInput input) {
  const uint64_t call = ++last_call_;
  open_[call] = {.what = "submit", .process = replica->process()};
  s_.trace->Note(s_.loop->now(),
                 absl::StrCat("  call ", call, " at ", replica->name(), ": ", tenant, " ",
                              input.request_id, " ", input.spec.prompt.value_or("")));
  CallerKey key{.tenant = tenant, .request_id = input.request_id};
  std::shared_ptr<CallHandle> handle = replica->submissions().Submit(
      CallerOf(tenant), std::move(input), Answered<SubmitAnswer>(call, std::move(key)));
  HangUpLater(replica, call, std::move(handle));
}

// Some callers hang up, time out or die; whether they still wait or not.
void Callers::HangUpLater(Replica* replica, uint64_t call, std::shared_ptr<CallHandle> handle) {
  if (!s_.dice->OneIn(3)) {
    return;
  }
  s_.loop->After(
      s_.dice->Between(absl::ZeroDuration(), absl::Seconds(5)), replica->process(),
      "caller hangs up", [this, call, handle = std::move(handle)] {
        s_.coverage->Saw(open_.contains(call) ? "a hang-up while waiting" : "a hang-up afterwards");
        s_.auditor->BeginHangUp(call);
        if (handle != nullptr) {  // it never waited otherwise
          handle->StopWaiting();
        }
        s_.auditor->EndHangUp();
      });
}

const Row* Callers::Pick(std::initializer_list<SubmissionState> states) {
  std::vector<const Row*> fitting;
  for (const auto& [id, row] : s_.auditor->rows()) {
    if (std::find(states.begin(), states.end(), row.submission.state) != states.end()) {
      fitting.push_back(&row);
    }
  }
  return fitting.empty() ? nullptr : s_.dice->Pick(fitting);
}

void Callers::Read() {
  Replica* const replica = choose_();
  const Row* const row = Pick({kPending, kDispatching, kSubmitted, kOutcomeUnknown});
  if (replica == nullptr || row == nullptr) {
    return;
  }
  const Submission& s = row->submission;
  GetInput input{.key = {.kind = NamedKey::Kind::kId, .text = s.id.value()},
                 .wait_for_revision_after = s.revision,
                 .wait = s_.dice->Pick(kWaits)};
  Go(replica, "call: get", [this, replica, input, tenant = s.scope.tenant] {
    const uint64_t call = ++last_call_;
    open_[call] = {.what = "get", .process = replica->process()};
    HangUpLater(replica, call,
                replica->submissions().Get(CallerOf(tenant), input, Answered<GetAnswer>(call, {})));
  });
}

void Callers::Watch() {
  Replica* const replica = choose_();
  const Row* const row = Pick({kPending, kDispatching, kOutcomeUnknown});
  if (replica == nullptr || row == nullptr) {
    return;
  }
  const NamedKey key{.kind = NamedKey::Kind::kId, .text = row->submission.id.value()};
  Go(replica, "call: watch", [this, replica, key, tenant = row->submission.scope.tenant] {
    absl::StatusOr<std::shared_ptr<SubmissionWatch>> watch =
        replica->submissions().Watch(CallerOf(tenant), "", key, /*after_revision=*/0);
    if (watch.ok()) {
      Pull(replica, *std::move(watch), 0, kWatchMessagesMax);
    }
  });
}

// One message of a stream, and then the next: a snapshot first, then every event without a gap.
void Callers::Pull(Replica* replica, std::shared_ptr<SubmissionWatch> watch, int64_t revision,
                   int left) {
  SubmissionWatch* const stream = watch.get();
  stream->Next([this, replica, watch = std::move(watch), revision,
                left](absl::StatusOr<SubmissionWatch::Message> message) mutable {
    if (!message.ok() || left == 0) {
      return;
    }
    if (const auto* const snapshot = std::get_if<SubmissionWithAttempts>(&*message)) {
      s_.auditor->OnAnswer(0, {}, snapshot->submission);
      revision = snapshot->submission.revision;
    } else if (const auto* const event = std::get_if<SubmissionEvent>(&*message)) {
      s_.coverage->Saw("an event watched");
      if (event->revision != ++revision) {
        s_.auditor->Broke(Rule::kNoAnswerBeforeCommit, "a watch repeated or skipped an event");
      }
    } else if (!std::holds_alternative<SubmissionWatch::Heartbeat>(*message)) {
      return;
    }
    s_.loop->After(s_.dice->Between(absl::ZeroDuration(), absl::Seconds(1)), replica->process(),
                   "watch goes on",
                   [this, replica, watch = std::move(watch), revision, left]() mutable {
                     Pull(replica, std::move(watch), revision, left - 1);
                   });
  });
}

void Callers::Cancel() {
  Replica* const replica = choose_();
  const Row* const row = Pick({kPending, kDispatching, kSubmitted, kOutcomeUnknown});
  if (replica == nullptr || row == nullptr) {
    return;
  }
  const Submission& s = row->submission;
  ChangeTarget target{.key = {.kind = NamedKey::Kind::kId, .text = s.id.value()}};
  if (!s.request_id.empty() && !s_.dice->OneIn(4)) {
    target.key = {.kind = NamedKey::Kind::kRequestId, .text = s.request_id};
  }
  Go(replica, "call: cancel", [this, replica, target, tenant = s.scope.tenant] {
    const uint64_t call = ++last_call_;
    open_[call] = {.what = "cancel", .process = replica->process()};
    replica->changes().Cancel(CallerOf(tenant), target, Answered<CancelResult>(call, {}));
  });
}

void Callers::Release() {
  Replica* const replica = choose_();
  const Row* const row = Pick({kSubmitted});
  if (replica == nullptr || row == nullptr) {
    return;
  }
  const Submission& s = row->submission;
  ChangeTarget target{.key = {.kind = NamedKey::Kind::kId, .text = s.id.value()}};
  Go(replica, "call: release", [this, replica, target, tenant = s.scope.tenant] {
    const uint64_t call = ++last_call_;
    open_[call] = {.what = "release", .process = replica->process()};
    replica->changes().ReleaseDedupe(CallerOf(tenant), target, Answered<Submission>(call, {}));
  });
}

std::optional<Resolution> Callers::Judge(const Row& row) {
  const Submission& s = row.submission;
  const Attempt& last = row.attempts.rbegin()->second;
  // Nobody can know while something may still arrive.
  if (!s_.truth->IsQuiet(s.id) || s_.loop->now() < last.start_time + kLease) {
    return std::nullopt;
  }
  Resolution resolution{.kind = DeclareNotAccepted{}, .note = "seen upstream"};
  for (const PostRecord& post : s_.truth->PostsOf(s.id)) {
    const auto attempt = row.attempts.find(post.attempt);
    if (post.accepted && attempt != row.attempts.end() &&
        attempt->second.outcome == AttemptOutcome::kAmbiguous) {
      resolution.kind = AdoptTask{.task_id = post.task_ids.front(), .attempt = post.attempt};
    }
  }
  if (s.state == kAbandoned && !std::holds_alternative<AdoptTask>(resolution.kind)) {
    return std::nullopt;
  }
  if (s.state == kOutcomeUnknown && s_.dice->OneIn(5)) {
    resolution.kind = Abandon{};
  }
  return resolution;
}

void Callers::Resolve() {
  Replica* const replica = choose_();
  const Row* const row = Pick({kOutcomeUnknown, kAbandoned});
  if (replica == nullptr || row == nullptr) {
    return;
  }
  std::optional<Resolution> resolution = Judge(*row);
  if (!resolution.has_value()) {
    return;
  }
  // What was seen is about this revision.
  ChangeTarget target{.tenant = row->submission.scope.tenant,
                      .key = {.kind = NamedKey::Kind::kId, .text = row->submission.id.value()},
                      .etag = Etag(row->submission)};
  Go(replica, "call: resolve", [this, replica, target, resolution = *std::move(resolution)] {
    const uint64_t call = ++last_call_;
    open_[call] = {.what = "resolve", .process = replica->process()};
    replica->changes().Resolve(Operator(), target, resolution, Answered<Submission>(call, {}));
  });
}

void Callers::Retry() {
  Replica* const replica = choose_();
  const Row* const row = Pick({kFailed, kCancelled});
  if (replica == nullptr || row == nullptr) {
    return;
  }
  ChangeTarget target{.tenant = row->submission.scope.tenant,
                      .key = {.kind = NamedKey::Kind::kId, .text = row->submission.id.value()}};
  Go(replica, "call: retry", [this, replica, target] {
    const uint64_t call = ++last_call_;
    open_[call] = {.what = "retry", .process = replica->process()};
    replica->changes().Retry(Operator(), target, "again", Answered<Submission>(call, {}));
  });
}

}  // namespace genledger::simulation
