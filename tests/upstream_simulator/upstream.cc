#include "tests/upstream_simulator/upstream.h"

#include <cstdio>
#include <utility>

#include "service/base/status_macros.h"
#include "tests/upstream_simulator/page.h"
#include "tests/upstream_simulator/sha256.h"
#include "tests/upstream_simulator/validation.h"

namespace genledger {
namespace {

constexpr std::string_view kRetryAfter = "Retry-After: 1\r\n";
constexpr std::string_view kReplayedHeader = "Idempotency-Replayed: true\r\n";

std::string_view PathOf(std::string_view target) { return target.substr(0, target.find('?')); }

int HexValue(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string PercentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexValue(text[i + 1]) >= 0 &&
        HexValue(text[i + 2]) >= 0) {
      decoded += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

WirePlan ErrorAnswer(int status, bool keep_alive, std::string_view detail = "") {
  PageError error = PageErrorFor(status);
  if (!detail.empty()) {
    error.message += ": ";
    error.message += detail;
  }
  return PlainAnswer(status, ErrorBody(error), keep_alive);
}

WirePlan ConflictAnswer(const char* code, std::string_view headers, bool keep_alive) {
  PageError error = PageErrorFor(409);
  error.code = JsonString(code);
  return PlainAnswer(409, ErrorBody(error), keep_alive, headers);
}

bool Accepts(const Rule& rule) { return rule.accept.value_or(AcceptsByDefault(rule)); }

bool IsAnswered(const Rule& rule) { return rule.deed == Deed::kAnswer || rule.at == Point::kHalf; }

WirePlan ResetNow() {
  WirePlan plan;
  plan.end = WireEnd::kReset;
  return plan;
}

}  // namespace

bool Request::IsSubmit() const { return method == "POST" && PathOf(target) == kSubmitPath; }

absl::StatusOr<std::unique_ptr<Upstream>> Upstream::Create(UpstreamSimulatorOptions options) {
  GL_ASSIGN_OR_RETURN(CredentialBook keys, CredentialBook::FromEntries(options.api_keys));
  GL_ASSIGN_OR_RETURN(std::unique_ptr<PostLog> log,
                      PostLog::Open(options.log_path, options.records_kept));
  std::unique_ptr<RandomSource> random =
      options.seed == 0 ? NewSystemRandomSource() : NewSeededRandomSource(options.seed);
  std::unique_ptr<Upstream> upstream(
      new Upstream(std::move(options), std::move(random), std::move(log), std::move(keys)));
  for (const PostRecord& record : upstream->log_->records()) {
    if (!record.accepted) {
      continue;
    }
    for (const std::string& id : record.task_ids) {
      upstream->tasks_.Add(id, record.time, upstream->task_life_);
    }
    if (!record.idempotency_key.empty()) {
      upstream->idempotency_.Remember(record.credential, record.idempotency_key, record.body_sha256,
                                      record.task_ids);
    }
  }
  return upstream;
}

Upstream::Upstream(UpstreamSimulatorOptions options, std::unique_ptr<RandomSource> random,
                   std::unique_ptr<PostLog> log, CredentialBook keys)
    : options_(std::move(options)),
      random_(std::move(random)),
      log_(std::move(log)),
      keys_at_start_(std::move(keys)),
      ulids_(random_.get()),
      rules_(random_.get()),
      tasks_(options_.tasks_kept) {
  Reset();
}

void Upstream::Reset() {
  keys_ = keys_at_start_;
  rules_.Replace(options_.rules);
  SetTaskLife(options_.task_life);
  latency_ = options_.latency;
  idempotency_on_ = options_.idempotency;
  idempotency_.Clear();
  stats_ = {.connections = stats_.connections};
}

void Upstream::SetTaskLife(const TaskLife& life) {
  task_life_ = std::make_shared<const TaskLife>(life);
}

absl::Status Upstream::SetTaskLifeOf(const std::string& task_id, const TaskLife& life) {
  if (!tasks_.SetLife(task_id, std::make_shared<const TaskLife>(life))) {
    return absl::NotFoundError("no such task");
  }
  return absl::OkStatus();
}

TaskBook::Status Upstream::TellTask(std::string_view task_id) const {
  return tasks_.Tell(task_id, absl::Now() + advanced_);
}

std::optional<WirePlan> Upstream::OnStart(uint64_t connection, uint32_t number) {
  const RuleBook::Match match =
      rules_.Choose(RuleBook::Stage::kStart, {.reused_connection = number > 1});
  if (match.rule == nullptr) {
    return std::nullopt;
  }
  const bool logged = Log({.time = absl::Now(),
                           .connection = connection,
                           .request = number,
                           .done = DeedText(*match.rule),
                           .rule = match.number});
  return logged ? PlanOf(*match.rule, {""}, /*keep_alive=*/false, absl::Now()) : ResetNow();
}

Upstream::AfterHeaders Upstream::OnHeaders(const Request& request) {
  AfterHeaders after;
  if (!rules_.Has(RuleBook::Stage::kHeaders)) {
    return after;
  }
  const CredentialBook::Credential credential = keys_.Check(request.authorization);
  after.match = ChooseRule(RuleBook::Stage::kHeaders, request, credential, "");
  if (after.match.rule == nullptr) {
    return after;
  }
  const Rule& rule = *after.match.rule;
  after.wait = rule.latency_before_body;
  if (rule.at != Point::kHeaders) {
    return after;
  }
  PostRecord record = RecordOf(request, credential);
  record.status = rule.deed == Deed::kAnswer ? rule.status : 0;
  record.done = DeedText(rule) + (rule.deed == Deed::kAnswer ? " at headers" : "");
  record.rule = after.match.number;
  after.plan =
      Log(std::move(record)) ? PlanOf(rule, MintTaskIds(&rule), false, absl::Now()) : ResetNow();
  return after;
}

WirePlan Upstream::OnSubmit(const Request& request, const RuleBook::Match& chosen) {
  const CredentialBook::Credential credential = keys_.Check(request.authorization);
  const SubmitCheck check = CheckSubmitBody(request.body);
  PostRecord record = RecordOf(request, credential);
  record.complete = true;
  record.body_sha256 = Sha256Hex(request.body);
  record.done = "answer";

  int refusal = credential.status;
  std::string_view fault;
  if (refusal == 0 && !std::string_view(request.content_type).starts_with("application/json")) {
    refusal = 400;
    fault = "Content-Type must be application/json";
  } else if (refusal == 0 && !check.fault.empty()) {
    refusal = 400;
    fault = check.fault;
  }
  const RuleBook::Match match = chosen.rule != nullptr ? chosen
                                                       : ChooseRule(RuleBook::Stage::kBody, request,
                                                                    credential, check.prompt);
  const Rule* rule = match.rule.get();
  record.rule = match.number;
  if (rule != nullptr && refusal != 0 && Accepts(*rule) && IsAnswered(*rule)) {
    rule = nullptr;
  }

  Decision decision;
  if (rule == nullptr && refusal != 0) {
    decision = Refuse(request, refusal, fault, &record);
  } else if (refusal != 0) {
    record.status = rule->deed == Deed::kAnswer ? rule->status : 0;
    record.done = DeedText(*rule);
    decision.plan = PlanOf(*rule, MintTaskIds(rule), request.keep_alive, record.time);
  } else {
    decision = DecideTasks(request, rule, &record);
  }
  const bool accepted = record.accepted;
  std::vector<std::string> task_ids = record.task_ids;
  if (!Log(std::move(record))) {
    idempotency_.Finish(decision.token);
    return ResetNow();
  }
  if (accepted) {
    for (const std::string& id : task_ids) {
      tasks_.Add(id, absl::Now() + advanced_, decision.task_life);
    }
    if (decision.token != 0) {
      idempotency_.Accept(decision.token, std::move(task_ids));
    }
  }
  decision.plan.unfinished = decision.token;
  return std::move(decision.plan);
}

Upstream::Decision Upstream::Refuse(const Request& request, int status, std::string_view fault,
                                    PostRecord* record) const {
  record->status = status;
  Decision decision{.plan = ErrorAnswer(status, request.keep_alive, fault)};
  decision.plan.steps.front().delay = latency_;
  return decision;
}

Upstream::Decision Upstream::DecideTasks(const Request& request, const Rule* rule,
                                         PostRecord* record) {
  Decision decision;
  if (idempotency_on_ && !request.idempotency_key.empty()) {
    IdempotencyBook::Answer known =
        idempotency_.Begin(record->credential, request.idempotency_key, record->body_sha256);
    if (known.verdict == IdempotencyBook::Verdict::kReused ||
        known.verdict == IdempotencyBook::Verdict::kInProgress) {
      const bool reused = known.verdict == IdempotencyBook::Verdict::kReused;
      record->status = 409;
      decision.plan = ConflictAnswer(reused ? "idempotency_key_reused" : "idempotency_in_progress",
                                     reused ? "" : kRetryAfter, request.keep_alive);
      return decision;
    }
    decision.token = known.token;
    record->replayed = known.verdict == IdempotencyBook::Verdict::kReplay;
    record->task_ids = std::move(known.task_ids);
  }
  if (!record->replayed) {
    record->task_ids = MintTaskIds(rule);
    record->accepted = rule == nullptr || Accepts(*rule);
    decision.task_life = rule != nullptr && rule->task_life.has_value()
                             ? std::make_shared<const TaskLife>(*rule->task_life)
                             : task_life_;
  }
  if (rule != nullptr) {
    record->status = rule->deed == Deed::kAnswer ? rule->status : 0;
    record->done = DeedText(*rule);
    decision.plan = PlanOf(*rule, record->task_ids, request.keep_alive, record->time);
    return decision;
  }
  record->status = 200;
  decision.plan = PlainAnswer(200, SuccessBody(record->task_ids), request.keep_alive,
                              record->replayed ? kReplayedHeader : "");
  decision.plan.steps.front().delay = latency_;
  return decision;
}

void Upstream::OnBrokenSubmit(const Request& request, std::string_view how) {
  PostRecord record = RecordOf(request, keys_.Check(request.authorization));
  record.done = how;
  // The client is gone or is told so anyway: nothing else depends on this record.
  (void)Log(std::move(record));
}

WirePlan Upstream::OnOther(const Request& request) {
  const std::string_view path = PathOf(request.target);
  if (path == kSubmitPath) {
    return ErrorAnswer(405, request.keep_alive);
  }
  if (!path.starts_with(kTaskPathPrefix)) {
    return ErrorAnswer(404, request.keep_alive);
  }
  if (request.method != "GET") {
    return ErrorAnswer(405, request.keep_alive);
  }
  if (const int refusal = keys_.Check(request.authorization).status; refusal != 0) {
    return ErrorAnswer(refusal, request.keep_alive);
  }
  ++stats_.task_queries;
  const TaskBook::Status status = TellTask(PercentDecoded(path.substr(kTaskPathPrefix.size())));
  return PlainAnswer(status.http_status, status.body, request.keep_alive);
}

PostRecord Upstream::RecordOf(const Request& request,
                              const CredentialBook::Credential& credential) const {
  return {.time = absl::Now(),
          .connection = request.connection,
          .request = request.number,
          .idempotency_key = request.idempotency_key,
          .credential = credential.fingerprint,
          .body_bytes = request.body.size()};
}

RuleBook::Match Upstream::ChooseRule(RuleBook::Stage stage, const Request& request,
                                     const CredentialBook::Credential& credential,
                                     std::string_view prompt) {
  if (!rules_.Has(stage)) {
    return {};
  }
  return rules_.Choose(stage, {.prompt = prompt,
                               .idempotency_key = request.idempotency_key,
                               .credential = credential.key,
                               .credential_fingerprint = credential.fingerprint,
                               .reused_connection = request.number > 1});
}

std::vector<std::string> Upstream::MintTaskIds(const Rule* rule) {
  std::vector<std::string> ids(rule == nullptr ? 1 : TasksOf(*rule));
  for (std::string& id : ids) {
    if (rule != nullptr && rule->shape == Shape::kTaskIdNumber) {
      // 15 digits: exact as a double too.
      id = std::to_string(100'000'000'000'000 + random_->Next64() % 900'000'000'000'000);
    } else {
      id = "task_";
      id += std::string_view(ulids_.Next(absl::Now()).value()).substr(kSubmissionIdPrefix.size());
    }
  }
  return ids;
}

bool Upstream::Log(PostRecord record) {
  ++stats_.posts_received;
  stats_.bodies_complete += record.complete ? 1 : 0;
  const bool accepted = record.accepted;
  const bool replayed = record.replayed;
  const int status = record.status;
  if (const absl::Status logged = log_->Append(std::move(record)); !logged.ok()) {
    std::fprintf(stderr, "upstream_simulator: %s\n", logged.ToString().c_str());
    return false;
  }
  stats_.accepted += accepted ? 1 : 0;
  stats_.replayed += replayed ? 1 : 0;
  ++stats_.answered[status];
  return true;
}

}  // namespace genledger
