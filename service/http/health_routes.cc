#include "service/http/health_routes.h"
#include "service/http/http_message.h"

#include <utility>

namespace genledger {
namespace {

HttpResponse Plain(int status, const std::string& text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}},
          .body = text + "\n"};
}

}  // namespace

void AddHealthRoutes(Router* router, std::function<std::string()> not_ready_reason) {
  const auto ready = [not_ready_reason = std::move(not_ready_reason)](const RouteCall& call) {
    const std::string reason = not_ready_reason();
    call.exchange->Answer(reason.empty() ? Plain(200, "ready") : Plain(503, reason));
  };
  router->Add("GET", "/livez", ErrorForm::kApi,
              [](const RouteCall& call) { call.exchange->Answer(Plain(200, "alive")); });
  router->Add("GET", "/readyz", ErrorForm::kApi, ready);
  router->Add("GET", "/healthz", ErrorForm::kApi, ready);
}

}  // namespace genledger
