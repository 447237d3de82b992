#include "service/http/page_routes.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "genledger/v1/generation_service.pb.h"
#include "service/api/access_line.h"
#include "service/api/api_call.h"
#include "service/base/error_details.h"
#include "service/base/errors.h"
#include "service/base/texts.h"
#include "service/http/error_response.h"
#include "service/http/http_message.h"
#include "service/http/json_request.h"
#include "service/http/json_text.h"
#include "service/http/json_to_proto.h"
#include "service/http/prefer.h"

namespace genledger {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kWaitSecondsMax = 60;
// When a caller whose submission is still without a task_id should come back.
constexpr int64_t kRetryAfterSecondsMax = 60;

// "created" and so on, for the Genledger-Dedupe header.
std::string DedupeName(v1::SubmitGenerationResponse::Dedupe dedupe) {
  const std::string name = v1::SubmitGenerationResponse::Dedupe_Name(dedupe);
  return absl::AsciiStrToLower(name.substr(name.find('_') + 1));
}

// The request_id and the wait are headers: the body belongs to the upstream's form.
void ReadHeaders(const HttpRequest& request, v1::SubmitGenerationRequest* proto,
                 RequestReader& reader) {
  const int keys = request.HeaderCount("Idempotency-Key");
  const std::string_view key = request.Header("Idempotency-Key");
  if (keys > 1) {
    reader.AddFault(MakeViolation("request_id", MakeText(TextId::kHeaderTwice)));
  } else if (keys == 1 && key.empty()) {
    reader.AddFault(MakeViolation("request_id", MakeText(TextId::kHeaderEmpty)));
  }
  proto->set_request_id(std::string(key));
  if (const std::optional<std::string> wait = PreferenceOf(request, "wait"); wait.has_value()) {
    int64_t seconds = -1;
    const bool plain = wait->find_first_not_of("0123456789") == std::string::npos;
    if (!plain || !absl::SimpleAtoi(*wait, &seconds) || seconds > kWaitSecondsMax) {
      reader.AddFault(MakeViolation("wait", MakeText(TextId::kPreferWait)));
    } else {
      proto->mutable_wait()->set_seconds(seconds);
    }
  }
}

void AddSubmissionHeaders(const v1::SubmitGenerationResponse& response, HttpHeaders& headers) {
  headers.emplace_back("Genledger-Submission-Id", response.submission().id());
  headers.emplace_back("Genledger-Dedupe", DedupeName(response.dedupe()));
  if (response.dedupe() == v1::SubmitGenerationResponse::DEDUPE_JOINED ||
      response.dedupe() == v1::SubmitGenerationResponse::DEDUPE_REPLAYED) {
    headers.emplace_back("Idempotency-Replayed", "true");
  }
}

// The submission waits, and nothing can be told before its next attempt.
int64_t RetryAfterSeconds(const v1::Submission& submission, absl::Time now) {
  const int64_t until_next_attempt =
      submission.next_attempt_time().seconds() - absl::ToUnixSeconds(now);
  return std::clamp<int64_t>(until_next_attempt, 1, kRetryAfterSecondsMax);
}

HttpResponse SubmittedResponse(const v1::SubmitGenerationResponse& response, absl::Time now,
                               Language language) {
  HttpResponse http;
  if (const v1::Submission& submission = response.submission(); submission.task_id().empty()) {
    const std::string message =
        MakeText(TextId::kSubmissionPending, {Verbatim(submission.id())}).In(language);
    const Json body = {
        {"error", {{"code", 503}, {"message", message}, {"type", "submission_pending"}}}};
    http = JsonResponse(503, JsonText(body));
    http.headers.emplace_back("Retry-After", std::to_string(RetryAfterSeconds(submission, now)));
  } else {
    Json task = {{"status", "submitted"}, {"task_id", submission.task_id()}};
    Json body = {{"code", 200}, {"data", Json::array({std::move(task)})}};
    http = JsonResponse(200, JsonText(body));
  }
  AddSubmissionHeaders(response, http.headers);
  return http;
}

// The call of a request that may be read; otherwise the request is answered.
std::optional<ApiCall> Admit(const RouteCall& call, Authenticator& authenticator,
                             AccessLine& line) {
  const HttpRequest& request = call.exchange->request();
  absl::StatusOr<ApiCall> admitted = CallOf(authenticator, request);
  if (!admitted.ok()) {
    line.End(admitted.status());
    call.exchange->Answer(ErrorResponse(admitted.status(), ErrorForm::kPage, call.language));
    return std::nullopt;
  }
  line.SetCaller(admitted->caller);
  return *std::move(admitted);
}

// This form has no query parameters.
void RefuseParameters(const RouteCall& call, RequestReader& reader) {
  for (const auto& parameter : call.target.query) {
    reader.AddFault(MakeViolation(parameter.first.size() < 64 ? parameter.first : "",
                                  MakeText(TextId::kFieldUnknown)));
  }
}

void Submit(const RouteCall& call, Authenticator& authenticator, GenerationApi& generations,
            Clock* clock, AccessLine line) {
  const HttpRequest& http = call.exchange->request();
  std::optional<ApiCall> api_call = Admit(call, authenticator, line);
  if (!api_call.has_value()) {
    return;
  }
  if (std::optional<HttpResponse> refusal = RefuseMediaType(http, ErrorForm::kPage, call.language);
      refusal.has_value()) {
    line.End(absl::InvalidArgumentError("no JSON"));
    call.exchange->Answer(*std::move(refusal));
    return;
  }
  v1::SubmitGenerationRequest request;
  RequestReader reader(&request, JsonDialect::kPage);
  ReadHeaders(http, &request, reader);
  const bool is_object = !http.body.empty() && ReadJsonBody(http.body, reader, "spec");
  if (http.body.empty()) {
    reader.AddFault(MakeViolation("", MakeText(TextId::kJsonNotObject)));
  }
  RefuseParameters(call, reader);
  api_call->faults = reader.TakeFaults();
  if (!is_object) {
    const absl::Status unreadable = errors::FieldInvalid(std::move(api_call->faults));
    line.End(unreadable);
    call.exchange->Answer(ErrorResponse(unreadable, ErrorForm::kPage, call.language));
    return;
  }
  const auto response = std::make_shared<v1::SubmitGenerationResponse>();
  const ApiHandle handle = generations.SubmitGeneration(
      *std::move(api_call), request, response.get(),
      [exchange = call.exchange, response, language = call.language, clock,
       line = std::move(line)](const absl::Status& status) mutable {
        line.End(status);
        exchange->Answer(status.ok() ? SubmittedResponse(*response, clock->Now(), language)
                                     : ErrorResponse(status, ErrorForm::kPage, language));
      });
  if (handle != nullptr) {
    call.exchange->OnGone([handle] { handle->StopWaiting(); });
  }
}

// The family answers 400 for a task that it does not know.
HttpResponse TaskResponse(const std::string& task_id, const absl::Status& status,
                          Language language) {
  if (status.ok()) {
    const Json body = {{"code", 200}, {"data", {{"id", task_id}, {"status", "submitted"}}}};
    return JsonResponse(200, JsonText(body));
  }
  if (absl::IsNotFound(status)) {
    return RefusalResponse(400, MakeText(TextId::kTaskUnknown), ErrorForm::kPage, language);
  }
  return ErrorResponse(status, ErrorForm::kPage, language);
}

void GetTask(const RouteCall& call, Authenticator& authenticator, GenerationApi& generations,
             AccessLine line) {
  std::optional<ApiCall> api_call = Admit(call, authenticator, line);
  if (!api_call.has_value()) {
    return;
  }
  v1::GetSubmissionRequest request;
  RequestReader reader(&request, JsonDialect::kPage);
  RefuseParameters(call, reader);
  api_call->faults = reader.TakeFaults();
  request.set_task_id(call.variables.front().second);
  request.set_view(v1::SUBMISSION_VIEW_BASIC);
  const auto response = std::make_shared<v1::Submission>();
  generations.GetSubmission(
      *std::move(api_call), request, response.get(),
      [exchange = call.exchange, response, task_id = request.task_id(), language = call.language,
       line = std::move(line)](const absl::Status& status) mutable {
        line.End(status);
        HttpResponse http = TaskResponse(task_id, status, language);
        if (status.ok()) {
          http.headers.emplace_back("Genledger-Submission-Id", response->id());
        }
        exchange->Answer(std::move(http));
      });
}

}  // namespace

void AddPageRoutes(Router* router, Authenticator* authenticator, GenerationApi* generations,
                   Clock* clock, AccessLog* access_log) {
  router->Add("POST", "/v1/videos/generations", ErrorForm::kPage, [=](const RouteCall& call) {
    Submit(call, *authenticator, *generations, clock, {access_log, "http", "SubmitGeneration"});
  });
  router->Add("GET", "/v1/tasks/{task_id}", ErrorForm::kPage, [=](const RouteCall& call) {
    GetTask(call, *authenticator, *generations, {access_log, "http", "GetSubmission"});
  });
}

}  // namespace genledger
