#include "service/http/api_routes.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "genledger/v1/generation_service.pb.h"
#include "service/api/access_line.h"
#include "service/api/api_call.h"
#include "service/base/check.h"
#include "service/base/error_details.h"
#include "service/base/errors.h"
#include "service/base/texts.h"
#include "service/http/api_methods.h"
#include "service/http/call_threads.h"
#include "service/http/error_response.h"
#include "service/http/http_exchange.h"
#include "service/http/http_message.h"
#include "service/http/http_rules.h"
#include "service/http/json_request.h"
#include "service/http/json_to_proto.h"
#include "service/http/proto_to_json.h"
#include "service/http/watch_events.h"

namespace genledger {
namespace {

using google::protobuf::Message;

// Fills `request` from path, query and body; what is wrong with them. `readable`: false if the
// body is no JSON object.
std::vector<FieldViolation> ReadRequest(const RouteCall& call, bool has_body, Message* request,
                                        bool* readable) {
  RequestReader reader(request);
  for (const auto& [name, value] : call.variables) {
    reader.ReadPath(name, value);
  }
  for (const auto& [name, value] : call.target.query) {
    if (has_body) {  // then every field belongs there
      reader.AddFault(MakeViolation(name.size() < 64 ? name : "", MakeText(TextId::kFieldUnknown)));
    } else {
      reader.ReadQuery(name, value);
    }
  }
  *readable = !has_body || ReadJsonBody(call.exchange->request().body, reader);
  return reader.TakeFaults();
}

// The call of a request whose caller is known and that is JSON; otherwise the request is answered.
std::optional<ApiCall> Admit(const RouteCall& call, Authenticator& authenticator,
                             AccessLine& line) {
  const HttpRequest& request = call.exchange->request();
  absl::StatusOr<ApiCall> admitted = CallOf(authenticator, request);
  if (!admitted.ok()) {
    line.End(admitted.status());
    call.exchange->Answer(ErrorResponse(admitted.status(), ErrorForm::kApi, call.language));
    return std::nullopt;
  }
  line.SetCaller(admitted->caller);
  if (std::optional<HttpResponse> refusal =
          RefuseMediaType(request, ErrorForm::kApi, call.language);
      refusal.has_value()) {
    line.End(absl::InvalidArgumentError("no JSON"));
    call.exchange->Answer(*std::move(refusal));
    return std::nullopt;
  }
  return *std::move(admitted);
}

void Serve(const ApiMethod& method, ApiCall api_call, const Message& request, AccessLine line,
           const std::shared_ptr<HttpExchange>& exchange, Language language) {
  const std::shared_ptr<Message> response(method.response->New());
  const ApiHandle handle = method.serve(
      std::move(api_call), request, response.get(),
      [exchange, response, language, line = std::move(line)](const absl::Status& status) mutable {
        line.End(status);
        absl::StatusOr<std::string> json =
            status.ok() ? ProtoToJson(*response) : absl::StatusOr<std::string>(status);
        exchange->Answer(json.ok() ? JsonResponse(200, *std::move(json))
                                   : ErrorResponse(json.status(), ErrorForm::kApi, language));
      });
  if (handle != nullptr) {
    exchange->OnGone([handle] { handle->StopWaiting(); });
  }
}

void ServeUnary(const ApiMethod& method, bool has_body, Authenticator& authenticator,
                CallThreads& threads, AccessLine line, const RouteCall& call) {
  std::optional<ApiCall> api_call = Admit(call, authenticator, line);
  if (!api_call.has_value()) {
    return;
  }
  std::unique_ptr<Message> request(method.request->New());
  bool readable = false;
  api_call->faults = ReadRequest(call, has_body, request.get(), &readable);
  if (!readable) {
    const absl::Status unreadable = errors::FieldInvalid(std::move(api_call->faults));
    line.End(unreadable);
    call.exchange->Answer(ErrorResponse(unreadable, ErrorForm::kApi, call.language));
    return;
  }
  if (!method.answers_many) {
    Serve(method, *std::move(api_call), *request, std::move(line), call.exchange, call.language);
    return;
  }
  // Everybody else, probes included, would wait for it.
  threads.Run([method, api_call = *std::move(api_call), request = std::move(request),
               line = std::move(line), exchange = call.exchange,
               language = call.language]() mutable {
    Serve(method, std::move(api_call), *request, std::move(line), exchange, language);
  });
}

void ServeWatch(GenerationApi& generations, Authenticator& authenticator, AccessLine line,
                const RouteCall& call) {
  std::optional<ApiCall> api_call = Admit(call, authenticator, line);
  if (!api_call.has_value()) {
    return;
  }
  if (!AcceptsEvents(call.exchange->request())) {
    line.End(absl::InvalidArgumentError("no events are accepted"));
    call.exchange->Answer(
        RefusalResponse(406, MakeText(TextId::kHttpNotAcceptable, {Verbatim("text/event-stream")}),
                        ErrorForm::kApi, call.language));
    return;
  }
  v1::WatchSubmissionRequest request;
  bool readable = false;  // there is no body
  api_call->faults = ReadRequest(call, /*has_body=*/false, &request, &readable);
  ReadLastEventId(call.exchange->request(), &request, &api_call->faults);
  absl::StatusOr<std::shared_ptr<SubmissionWatch>> watch =
      generations.WatchSubmission(*std::move(api_call), request);
  if (!watch.ok()) {
    line.End(watch.status());
    call.exchange->Answer(ErrorResponse(watch.status(), ErrorForm::kApi, call.language));
    return;
  }
  SendWatchEvents(call.exchange, *std::move(watch), request.after_revision(), call.language,
                  std::move(line));
}

}  // namespace

void AddApiRoutes(Router* router, Authenticator* authenticator, GenerationApi* generations,
                  AdminApi* admin, AccessLog* access_log, CallThreads* threads) {
  const std::vector<ApiMethod> methods = UnaryApiMethods(generations, admin);
  for (const HttpRule& rule : HttpRules()) {
    std::function<void(RouteCall)> serve;
    // Of the descriptor, which is there for ever.
    const std::string_view name = rule.method->name();
    if (rule.method->server_streaming()) {
      serve = [=](const RouteCall& call) {
        ServeWatch(*generations, *authenticator, {access_log, "http", name}, call);
      };
    } else {
      const auto method =
          std::find_if(methods.begin(), methods.end(), [&rule](const ApiMethod& candidate) {
            return candidate.full_name == rule.method->full_name();
          });
      GL_CHECK(method != methods.end(), "every method of the API is bound");
      serve = [method = *method, has_body = rule.has_body, authenticator, access_log, threads,
               name](const RouteCall& call) {
        ServeUnary(method, has_body, *authenticator, *threads, {access_log, "http", name}, call);
      };
    }
    router->Add(rule.verb, rule.path, ErrorForm::kApi, std::move(serve));
  }
}

}  // namespace genledger
