// Which handler a request is for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "service/base/local_text.h"
#include "service/http/error_response.h"
#include "service/http/foreign_page.h"
#include "service/http/http_exchange.h"
#include "service/http/path_template.h"
#include "service/http/url.h"

namespace genledger {

// A request that has found its handler.
struct RouteCall {
  std::shared_ptr<HttpExchange> exchange;
  UrlTarget target;
  PathTemplate::Variables variables;
  Language language = Language::kEnglish;
};

struct Route {
  std::string method;  // "GET" also serves HEAD
  PathTemplate path;
  ErrorForm error_form = ErrorForm::kApi;
  // Answers, now or later. Must not block.
  std::function<void(RouteCall)> serve;
};

// All routes. Filled at start, then only read: thread safe.
class Router final : public HttpHandler {
 public:
  explicit Router(HostNames host_names) : host_names_(host_names) {}

  // `path` must be a good template.
  void Add(std::string_view method, std::string_view path, ErrorForm error_form,
           std::function<void(RouteCall)> serve);

  // 403 for pages of other sites, 404 where no route has the path, 405 where none of those has the
  // method.
  void Handle(std::shared_ptr<HttpExchange> exchange) override;
  HttpResponse Refuse(int status, const HttpRequest& request) override;

 private:
  // Of errors at this path.
  ErrorForm FormAt(std::string_view path) const;

  const HostNames host_names_;
  // In the order of preference: a verb is part of no variable where a route has it.
  std::vector<Route> routes_;
};

}  // namespace genledger
