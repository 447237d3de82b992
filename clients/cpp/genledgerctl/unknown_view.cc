#include "clients/cpp/genledgerctl/unknown_view.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "clients/cpp/genledgerctl/enum_name.h"
#include "clients/cpp/genledgerctl/submission_view.h"
#include "clients/cpp/genledgerctl/table.h"
#include "clients/cpp/genledgerctl/text.h"
#include "clients/cpp/genledgerctl/time_text.h"

namespace genledger::ctl {
namespace {

constexpr size_t kPromptColumns = 60;

std::string PolicyText(const v1::Submission& submission, absl::Time now) {
  std::string text = EnumName(submission.ambiguity_policy(), "AMBIGUITY_POLICY_");
  if (!submission.has_next_attempt_time()) {
    return text + ": nothing happens until somebody settles it";
  }
  return text + ": acts in " + AgeText(FromProto(submission.next_attempt_time()) - now) + ", at " +
         UtcText(submission.next_attempt_time());
}

// What is known of the last attempt: its answer, or that there was none.
std::string WhyText(const v1::Submission& submission) {
  if (submission.attempts().empty()) {
    return "no attempt is recorded";
  }
  const v1::Attempt& last = *std::max_element(
      submission.attempts().begin(), submission.attempts().end(),
      [](const v1::Attempt& a, const v1::Attempt& b) { return a.number() < b.number(); });
  std::string text = "attempt " + std::to_string(last.number()) + ", " +
                     (last.http_status() == 0 ? std::string("no HTTP answer")
                                              : "HTTP " + std::to_string(last.http_status()));
  for (const std::string& part : {last.upstream_code(), last.upstream_message()}) {
    text += part.empty() ? "" : ": " + part;
  }
  return text;
}

// --attempt must be said where more than one attempt may have created the task.
std::string AdoptFlags(const v1::Submission& submission) {
  const auto unsettled = std::count_if(submission.attempts().begin(), submission.attempts().end(),
                                       [](const v1::Attempt& attempt) {
                                         return attempt.outcome() == v1::Attempt::OUTCOME_AMBIGUOUS;
                                       });
  return unsettled > 1 ? "--adopt_task_id=TASK_ID --attempt=N" : "--adopt_task_id=TASK_ID";
}

}  // namespace

std::string UnknownText(const v1::Submission& submission, const std::string& command_flags,
                        absl::Time now, const Terminal& terminal) {
  Sheet sheet(terminal.color);
  sheet.Add("id", {submission.id(), Color::kYellow});
  sheet.AddIfSet("tenant", {submission.tenant()});
  sheet.AddIfSet("request_id", {submission.request_id()});
  sheet.AddIfSet("prompt", {Shorten(Printable(submission.spec().prompt()), kPromptColumns)});
  if (submission.has_create_time()) {
    sheet.Add("age", {AgeText(now - FromProto(submission.create_time())) + ", created " +
                      TimeText(submission.create_time(), terminal.zone)});
  }
  sheet.Add("why", {WhyText(submission)});
  sheet.Add("posts_sent", {std::to_string(submission.upstream_posts_sent())});
  sheet.Add("charges", {ChargesText(submission)});
  sheet.Add("policy", {PolicyText(submission, now)});
  if (submission.has_cancel_request_time()) {
    sheet.Add("cancel_requested", {TimeText(submission.cancel_request_time(), terminal.zone)});
  }
  std::string text = sheet.Render() + "settle it with one of:\n";
  for (const std::string& resolution :
       {AdoptFlags(submission), std::string("--declare_not_accepted"), std::string("--abandon")}) {
    text.append("  genledgerctl resolve ")
        .append(ShellWord(submission.id()))
        .append(" ")
        .append(resolution)
        .append(" --note='…'")
        .append(command_flags)
        .append("\n");
  }
  return text;
}

std::string ShellWord(const std::string& value) {
  constexpr std::string_view kHarmless = "_-.:/@%+=,";
  std::string printable = Printable(value);
  const bool bare =
      !printable.empty() && std::all_of(printable.begin(), printable.end(), [kHarmless](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               kHarmless.find(c) != kHarmless.npos;
      });
  if (bare) {
    return printable;
  }
  std::string quoted = "'";
  for (const char c : printable) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

}  // namespace genledger::ctl
