#include "tests/simulation/upstream_truth.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace genledger::simulation {
namespace {

std::string Envelope(absl::string_view code) {
  return absl::StrCat(R"({"error":{"code":")", code, R"(","message":")", code,
                      R"(","type":"new_api_error"}})");
}

std::string Success(const std::vector<TaskId>& task_ids) {
  return absl::StrCat(R"({"code":200,"data":[)",
                      absl::StrJoin(task_ids, ",",
                                    [](std::string* out, const TaskId& id) {
                                      absl::StrAppend(out, R"({"status":"submitted","task_id":")",
                                                      id.value(), R"("})");
                                    }),
                      "]}");
}

// What the upstream may do besides accepting what is good.
enum class Oddity : uint8_t {
  kRefusedContent,
  kBuildRequestFailed,
  kGetChannelFailed,
  kRateLimited,
  kIdempotencyUnavailable,
  kEnvelope,
  kPlainError,
  kGatewayTimeout,
  kCredentialRefused,
  kNotFound,
  kInnerError,
  kNoTaskId,
  kNotJson,
  kTwoTasks,
};
constexpr uint64_t kOddities = 14;

constexpr std::array<int, 3> kAccountStatuses = {401, 402, 403};
constexpr std::array<int, 3> kEnvelopeStatuses = {500, 502, 503};

}  // namespace

UpstreamReply UpstreamTruth::Receive(PostRecord post) {
  const KeyBook::Key key(post.credential, post.idempotency_key);
  const bool by_key = options_->upstream_honours_keys && !post.idempotency_key.empty();
  if (by_key) {
    const KeyBook::Verdict verdict = keys_.Begin(key, post.body, loop_->now());
    if (verdict != KeyBook::Verdict::kNew) {
      UpstreamReply reply = Known(post, verdict);
      posts_[post.submission].push_back(std::move(post));
      return reply;
    }
  }
  UpstreamReply reply = Decide(post);
  if (by_key) {
    const bool lost = dice_->OneIn(uint64_t{8} * faults_->upstream_odd);
    loop_->After(reply.work, kWorld, "upstream: work done",
                 [this, key, ids = post.task_ids, lost] { keys_.Finish(key, ids, lost); });
  }
  posts_[post.submission].push_back(std::move(post));
  return reply;
}

const std::vector<PostRecord>& UpstreamTruth::PostsOf(const SubmissionId& id) const {
  static const std::vector<PostRecord> kNone;
  const auto found = posts_.find(id);
  return found == posts_.end() ? kNone : found->second;
}

std::shared_ptr<const void> UpstreamTruth::Announce(const SubmissionId& id) {
  std::shared_ptr<const int>& announced = announced_[id];
  if (announced == nullptr) {
    announced = std::make_shared<const int>(0);
  }
  return announced;
}

bool UpstreamTruth::IsQuiet(const SubmissionId& id) const {
  const auto found = announced_.find(id);
  return found == announced_.end() || found->second.use_count() == 1;
}

UpstreamReply UpstreamTruth::Known(PostRecord& post, KeyBook::Verdict verdict) {
  UpstreamReply reply{.status = 409, .work = absl::Milliseconds(1)};
  switch (verdict) {
    case KeyBook::Verdict::kReused:
      reply.body = Envelope("idempotency_key_reused");
      break;
    case KeyBook::Verdict::kInWork:
      coverage_->Saw("409 idempotency_in_progress");
      reply.body = Envelope("idempotency_in_progress");
      reply.retry_after = std::string(dice_->OneIn(2) ? "3" : "");
      break;
    case KeyBook::Verdict::kIndeterminate:
      coverage_->Saw("409 idempotency_result_indeterminate");
      reply.body = Envelope("idempotency_result_indeterminate");
      break;
    case KeyBook::Verdict::kNew:
    case KeyBook::Verdict::kReplay:
      coverage_->Saw("acceptance replayed upstream");
      post.replayed = true;
      post.task_ids = keys_.TasksOf({post.credential, post.idempotency_key});
      reply.status = 200;
      reply.body = Success(post.task_ids);
      break;
  }
  return reply;
}

UpstreamReply UpstreamTruth::Decide(PostRecord& post) {
  UpstreamReply reply = dice_->OneIn(faults_->upstream_odd) ? DoSomethingOdd(post) : Accept(post);
  reply.work = dice_->OneIn(faults_->upstream_slow)
                   ? dice_->Between(absl::Seconds(20), absl::Seconds(120))
                   : dice_->Between(absl::Milliseconds(5), absl::Seconds(3));
  return reply;
}

UpstreamReply UpstreamTruth::Accept(PostRecord& post) {
  MakeTasks(post, 1);
  return {.status = 200, .body = Success(post.task_ids)};
}

UpstreamReply UpstreamTruth::DoSomethingOdd(PostRecord& post) {
  const auto oddity = static_cast<Oddity>(dice_->Below(kOddities));
  const bool accepts = dice_->OneIn(2);  // where the answer does not tell
  switch (oddity) {
    case Oddity::kRefusedContent:
      return {.status = 400, .body = Envelope("invalid_request")};
    case Oddity::kBuildRequestFailed:
      return {.status = 500, .body = Envelope("build_request_failed")};
    case Oddity::kGetChannelFailed:
      return {.status = 400, .body = Envelope("get_channel_failed")};
    case Oddity::kRateLimited:
      return {.status = 429,
              .body = Envelope("rate_limited"),
              .retry_after = dice_->OneIn(2) ? absl::StrCat(dice_->Below(90)) : ""};
    case Oddity::kIdempotencyUnavailable:
      return {.status = 503, .body = Envelope("idempotency_unavailable")};
    case Oddity::kEnvelope:
      // Whoever trusts the envelope trusts an upstream that does not lie.
      MakeTasks(post, accepts && !options_->trust_5xx_envelope ? 1 : 0);
      return {.status = dice_->Pick(kEnvelopeStatuses), .body = Envelope("server_error")};
    case Oddity::kPlainError:
      MakeTasks(post, accepts ? 1 : 0);
      return {.status = 500, .body = "<html>bad gateway</html>"};
    case Oddity::kGatewayTimeout:
      MakeTasks(post, accepts ? 1 : 0);
      return {.status = 504, .body = Envelope("timeout")};
    case Oddity::kCredentialRefused:
      return {.status = dice_->Pick(kAccountStatuses), .body = Envelope("denied")};
    case Oddity::kNotFound:
      return {.status = 404, .body = "not here"};
    case Oddity::kInnerError:
      return {.status = 200, .body = R"({"code":429,"message":"rate_limited"})"};
    case Oddity::kNoTaskId:
      MakeTasks(post, accepts ? 1 : 0);
      return {.status = 200, .body = R"({"code":200,"data":[]})"};
    case Oddity::kNotJson:
      MakeTasks(post, accepts ? 1 : 0);
      return {.status = 200, .body = R"({"code":200,"data":[{"task_id":"task)"};
    case Oddity::kTwoTasks:
      MakeTasks(post, 2);
      return {.status = 200, .body = Success(post.task_ids)};
  }
  return {};
}

void UpstreamTruth::MakeTasks(PostRecord& post, int count) {
  for (int i = 0; i < count; ++i) {
    post.task_ids.emplace_back(absl::StrCat("task-", ++tasks_));
  }
  post.accepted = count > 0;
}

}  // namespace genledger::simulation
