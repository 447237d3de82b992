#include "service/http/router.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "service/base/check.h"
#include "service/base/texts.h"
#include "service/http/accept_language.h"
#include "service/http/http_message.h"

namespace genledger {
namespace {

TextId TextOfRefusal(int status) {
  switch (status) {
    case 408:
      return TextId::kHttpTimeout;
    case 413:
      return TextId::kHttpBodyTooLarge;
    case 414:
      return TextId::kHttpUrlTooLong;
    case 417:
      return TextId::kHttpExpectation;
    case 431:
      return TextId::kHttpHeadTooLarge;
    case 501:
      return TextId::kHttpTransferCoding;
    case 503:
      return TextId::kHttpBusy;
    default:
      return TextId::kHttpBadRequest;
  }
}

absl::string_view Host(const HttpRequest& request) {
  const std::string_view host = request.Header("Host");
  return {host.data(), host.size()};
}

Language LanguageOfRequest(const HttpRequest& request) {
  return LanguageOf(request.Header("Accept-Language"));
}

}  // namespace

void Router::Add(std::string_view method, std::string_view path, ErrorForm error_form,
                 std::function<void(RouteCall)> serve) {
  absl::StatusOr<PathTemplate> parsed = PathTemplate::Parse(path);
  GL_CHECK(parsed.ok(), "a route's path is a template");
  Route route{.method = std::string(method),
              .path = *std::move(parsed),
              .error_form = error_form,
              .serve = std::move(serve)};
  const auto at = route.path.has_verb()
                      ? std::find_if(routes_.begin(), routes_.end(),
                                     [](const Route& other) { return !other.path.has_verb(); })
                      : routes_.end();
  routes_.insert(at, std::move(route));
}

void Router::Handle(std::shared_ptr<HttpExchange> exchange) {
  const HttpRequest& request = exchange->request();
  RouteCall call{.language = LanguageOfRequest(request)};
  std::optional<UrlTarget> target = ParseUrlTarget(request.target);
  // Of two hosts a proxy may have judged the other.
  const bool two_hosts = target.has_value() && !target->host.empty() &&
                         !absl::EqualsIgnoreCase(target->host, Host(request));
  if (!target.has_value() || two_hosts) {
    exchange->Answer(Refuse(400, request));
    return;
  }
  call.target = *std::move(target);
  if (const std::optional<TextId> fault = ForeignPageFault(request, host_names_);
      fault.has_value()) {
    exchange->Answer(
        RefusalResponse(403, MakeText(*fault), FormAt(call.target.path), call.language));
    return;
  }
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::string allowed;
  ErrorForm form = ErrorForm::kApi;
  for (const Route& route : routes_) {
    std::optional<PathTemplate::Variables> variables = route.path.Match(call.target.path);
    if (variables.has_value() && route.method == method) {
      call.variables = *std::move(variables);
      call.exchange = std::move(exchange);
      route.serve(std::move(call));
      return;
    }
    if (variables.has_value()) {
      allowed += (allowed.empty() ? "" : ", ") + route.method;
      form = route.error_form;
    }
  }
  HttpResponse refusal =
      allowed.empty()
          ? RefusalResponse(404, MakeText(TextId::kHttpNoSuchRoute), form, call.language)
          : RefusalResponse(405, MakeText(TextId::kHttpMethodNotAllowed, {Verbatim(allowed)}), form,
                            call.language);
  if (!allowed.empty()) {
    refusal.headers.emplace_back("Allow", allowed);
  }
  exchange->Answer(std::move(refusal));
}

HttpResponse Router::Refuse(int status, const HttpRequest& request) {
  const std::string_view path =
      std::string_view(request.target).substr(0, request.target.find('?'));
  return RefusalResponse(status, MakeText(TextOfRefusal(status)), FormAt(path),
                         LanguageOfRequest(request));
}

ErrorForm Router::FormAt(std::string_view path) const {
  const auto route = std::find_if(routes_.begin(), routes_.end(), [path](const Route& candidate) {
    return candidate.path.Match(path).has_value();
  });
  return route == routes_.end() ? ErrorForm::kApi : route->error_form;
}

}  // namespace genledger
