#include "clients/cpp/genledgerctl/submission_view.h"

#include <map>
#include <utility>

#include "clients/cpp/genledgerctl/enum_name.h"
#include "clients/cpp/genledgerctl/json_view.h"
#include "clients/cpp/genledgerctl/text.h"
#include "clients/cpp/genledgerctl/time_text.h"

namespace genledger::ctl {
namespace {

constexpr size_t kPromptColumns = 60;
constexpr size_t kPromptColumnsInTable = 40;
constexpr size_t kMessageColumnsInTable = 50;
constexpr char kNone[] = "-";

std::string DurationText(const google::protobuf::Duration& proto) {
  return absl::FormatDuration(FromProto(proto));
}

Color StateColor(v1::Submission::State state) {
  switch (state) {
    case v1::Submission::STATE_SUBMITTED:
      return Color::kGreen;
    case v1::Submission::STATE_FAILED:
      return Color::kRed;
    case v1::Submission::STATE_OUTCOME_UNKNOWN:
    case v1::Submission::STATE_ABANDONED:
      return Color::kYellow;
    default:
      return Color::kNone;
  }
}

Color DedupeColor(v1::SubmitGenerationResponse::Dedupe dedupe) {
  return dedupe == v1::SubmitGenerationResponse::DEDUPE_CREATED ? Color::kNone : Color::kYellow;
}

std::string DedupeText(v1::SubmitGenerationResponse::Dedupe dedupe) {
  std::string name = EnumName(dedupe, "DEDUPE_");
  switch (dedupe) {
    case v1::SubmitGenerationResponse::DEDUPE_JOINED:
      return name + " (the same content was submitted before)";
    case v1::SubmitGenerationResponse::DEDUPE_REPLAYED:
      return name + " (this request_id was submitted before)";
    case v1::SubmitGenerationResponse::DEDUPE_REOPENED:
      return name + " (this request_id failed before; a new run began)";
    default:
      return name;
  }
}

std::string HashText(const std::string& hash, int32_t version) {
  return hash.empty() ? "" : hash + " (v" + std::to_string(version) + ")";
}

void AddTime(const char* name, bool present, const google::protobuf::Timestamp& time,
             const Terminal& terminal, Sheet& sheet) {
  if (present) {
    sheet.Add(name, {TimeText(time, terminal.zone)});
  }
}

void AddSpec(const v1::GenerationSpec& spec, Sheet& sheet) {
  sheet.AddIfSet("model", {spec.model()});
  sheet.AddIfSet("prompt", {Shorten(Printable(spec.prompt()), kPromptColumns)});
  if (spec.has_duration()) {
    sheet.Add("duration", {std::to_string(spec.duration()) + "s"});
  }
  sheet.AddIfSet("aspect_ratio", {spec.aspect_ratio()});
  sheet.AddIfSet("generation_type", {spec.generation_type()});
  sheet.AddIfSet("resolution", {spec.resolution()});
  for (const std::string& url : spec.image_urls()) {
    sheet.Add("image_url", {url});
  }
  if (spec.enable_gif()) {
    sheet.Add("enable_gif", {"true"});
  }
  if (spec.official_fallback()) {
    sheet.Add("official_fallback", {"true"});
  }
}

void AddFailure(const v1::Failure& failure, const Terminal& terminal, Sheet& sheet) {
  std::string text = failure.reason();
  if (failure.http_status() != 0) {
    text += " (HTTP " + std::to_string(failure.http_status()) + ")";
  }
  sheet.Add("failure",
            {text + (failure.message().empty() ? "" : ": " + failure.message()), Color::kRed});
  AddTime("reopen_time", failure.has_reopen_time(), failure.reopen_time(), terminal, sheet);
}

void AddGeneration(const v1::Generation& generation, const Terminal& terminal, Sheet& sheet) {
  if (generation.state() != v1::Generation::STATE_UNSPECIFIED) {
    sheet.Add("generation", {EnumName(generation.state(), "STATE_") + " " +
                             std::to_string(generation.progress_percent()) + "%"});
  }
  for (const v1::Generation::Result& result : generation.results()) {
    sheet.Add("result", {result.url()});
    AddTime("result_expires", result.has_expire_time(), result.expire_time(), terminal, sheet);
  }
  sheet.AddIfSet("generation_error", {generation.error().message(), Color::kRed});
}

void AddCallers(const v1::Submission& submission, Sheet& sheet) {
  std::string request_id = submission.request_id();
  if (submission.request_id_count() > 1) {
    request_id += " (and " + std::to_string(submission.request_id_count() - 1) + " more)";
  }
  sheet.AddIfSet("request_id", {request_id});
  sheet.AddIfSet("variation", {submission.variation()});
  const std::map<std::string, std::string> sorted(submission.labels().begin(),
                                                  submission.labels().end());
  for (const auto& [key, value] : sorted) {
    std::string label = key;
    label.append("=").append(value);
    sheet.Add("label", {std::move(label)});
  }
}

void AddTimes(const v1::Submission& submission, const Terminal& terminal, Sheet& sheet) {
  AddTime("created", submission.has_create_time(), submission.create_time(), terminal, sheet);
  AddTime("updated", submission.has_update_time(), submission.update_time(), terminal, sheet);
  AddTime("submitted", submission.has_submit_time(), submission.submit_time(), terminal, sheet);
  const bool waits = submission.state() == v1::Submission::STATE_PENDING;
  AddTime("next_attempt", waits && submission.has_next_attempt_time(),
          submission.next_attempt_time(), terminal, sheet);
  AddTime("policy_acts",
          submission.state() == v1::Submission::STATE_OUTCOME_UNKNOWN &&
              submission.has_next_attempt_time(),
          submission.next_attempt_time(), terminal, sheet);
  AddTime("submit_deadline", waits && submission.has_submit_deadline_time(),
          submission.submit_deadline_time(), terminal, sheet);
  AddTime("dedupe_until", submission.has_dedupe_expire_time(), submission.dedupe_expire_time(),
          terminal, sheet);
  AddTime("cancel_requested", submission.has_cancel_request_time(),
          submission.cancel_request_time(), terminal, sheet);
}

std::string TaskIdsText(const v1::Attempt& attempt) {
  std::string text;
  for (const std::string& task_id : attempt.task_ids()) {
    text += text.empty() ? "" : ",";
    text += task_id;
  }
  return text.empty() ? kNone : text;
}

std::string TookText(const v1::Attempt& attempt) {
  if (!attempt.has_start_time() || !attempt.has_end_time()) {
    return kNone;
  }
  return absl::FormatDuration(absl::Trunc(
      FromProto(attempt.end_time()) - FromProto(attempt.start_time()), absl::Milliseconds(1)));
}

std::string OutcomeText(v1::Attempt::Outcome outcome) {
  return outcome == v1::Attempt::OUTCOME_UNSPECIFIED ? "IN_FLIGHT" : EnumName(outcome, "OUTCOME_");
}

std::string AttemptsText(const v1::Submission& submission, bool color) {
  Table table({"ATTEMPT", "RUN", "OUTCOME", "STARTED", "TOOK", "HTTP", "TASK_IDS", "MESSAGE"},
              color);
  for (const v1::Attempt& attempt : submission.attempts()) {
    std::string message = attempt.upstream_code();
    if (!attempt.upstream_message().empty()) {
      message += (message.empty() ? "" : ": ") + attempt.upstream_message();
    }
    table.AddRow({{std::to_string(attempt.number())},
                  {std::to_string(attempt.run())},
                  {OutcomeText(attempt.outcome())},
                  {attempt.has_start_time() ? UtcText(attempt.start_time()) : kNone},
                  {TookText(attempt)},
                  {attempt.http_status() == 0 ? kNone : std::to_string(attempt.http_status())},
                  {TaskIdsText(attempt)},
                  {Shorten(Printable(message), kMessageColumnsInTable)}});
  }
  return table.Render();
}

}  // namespace

std::string SubmissionText(const v1::Submission& submission,
                           v1::SubmitGenerationResponse::Dedupe dedupe, const Terminal& terminal) {
  Sheet sheet(terminal.color);
  sheet.Add("id", {submission.id()});
  sheet.Add("state", {StateName(submission.state()), StateColor(submission.state())});
  sheet.Add("task_id", {submission.task_id().empty() ? kNone : submission.task_id()});
  if (dedupe != v1::SubmitGenerationResponse::DEDUPE_UNSPECIFIED) {
    sheet.Add("dedupe", {DedupeText(dedupe), DedupeColor(dedupe)});
  }
  sheet.AddIfSet("request_hash", {HashText(submission.request_hash(), submission.hash_version())});
  AddSpec(submission.spec(), sheet);
  AddCallers(submission, sheet);
  if (submission.run() > 1) {
    sheet.Add("run", {std::to_string(submission.run())});
  }
  sheet.Add("posts_sent", {std::to_string(submission.upstream_posts_sent())});
  sheet.Add("charges", {ChargesText(submission)});
  if (submission.has_failure()) {
    AddFailure(submission.failure(), terminal, sheet);
  }
  AddGeneration(submission.generation(), terminal, sheet);
  sheet.AddIfSet("superseded_by", {submission.superseded_by()});
  sheet.AddIfSet("possible_duplicate_of", {submission.possible_duplicate_of(), Color::kYellow});
  AddTimes(submission, terminal, sheet);
  if (submission.has_dedupe_window()) {
    sheet.Add("dedupe_window", {DurationText(submission.dedupe_window())});
  }
  sheet.AddIfSet("tenant", {submission.tenant()});
  sheet.AddIfSet("upstream_account", {submission.upstream_account()});
  sheet.Add("revision", {std::to_string(submission.revision())});
  sheet.AddIfSet("etag", {submission.etag()});
  std::string text = sheet.Render();
  if (submission.attempts_size() > 0) {
    text += "\n" + AttemptsText(submission, terminal.color);
  }
  return text;
}

std::string PreviewText(const v1::SubmitGenerationResponse::Preview& preview,
                        const Terminal& terminal) {
  Sheet sheet(terminal.color);
  sheet.Add("valid", {"yes; nothing was sent or recorded", Color::kGreen});
  sheet.Add("would_be", {EnumName(preview.would(), "DEDUPE_")});
  sheet.AddIfSet("submission_id", {preview.submission_id()});
  sheet.AddIfSet("request_hash", {HashText(preview.request_hash(), preview.hash_version())});
  AddSpec(preview.canonical_spec(), sheet);
  return sheet.Render();
}

void PrintSubmission(const v1::Submission& submission, Output output, const Terminal& terminal) {
  switch (output) {
    case Output::kJson:
      *terminal.out << MessageToJson(submission);
      break;
    case Output::kId:
      *terminal.out << TaskIdOrId(submission) << "\n";
      break;
    case Output::kTable:
      *terminal.out << SubmissionText(submission, v1::SubmitGenerationResponse::DEDUPE_UNSPECIFIED,
                                      terminal);
      break;
  }
}

Table SubmissionTable(bool color) {
  return {{"ID", "STATE", "TASK_ID", "MODEL", "CREATED", "CHARGES", "PROMPT"}, color};
}

void AddSubmission(const v1::Submission& submission, Table& table) {
  table.AddRow({{submission.id()},
                {StateName(submission.state()), StateColor(submission.state())},
                {submission.task_id().empty() ? kNone : submission.task_id()},
                {submission.spec().model()},
                {submission.has_create_time() ? UtcText(submission.create_time()) : kNone},
                {ChargesText(submission)},
                {Shorten(Printable(submission.spec().prompt()), kPromptColumnsInTable)}});
}

std::string TaskIdOrId(const v1::Submission& submission) {
  return Printable(submission.task_id().empty() ? submission.id() : submission.task_id());
}

std::string ChargesText(const v1::Submission& submission) {
  return std::to_string(submission.charges_min()) + ".." + std::to_string(submission.charges_max());
}

std::string StateName(v1::Submission::State state) { return EnumName(state, "STATE_"); }

}  // namespace genledger::ctl
