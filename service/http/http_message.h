// An HTTP request and its answer, as handlers see them; nothing of the HTTP library.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace genledger {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // as it came: path and query, still percent-encoded
  HttpHeaders headers;
  std::string body;  // whole, without transfer coding
  // Of the client's TLS certificate (service/auth/client_names.h); empty without one.
  std::vector<std::string> certificate_names;

  // The value of the first header of this name, in any case; empty if there is none.
  std::string_view Header(std::string_view name) const;
  // How often a header of this name was sent.
  int HeaderCount(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;  // Content-Length, Date and Connection are added when it is sent
  std::string body;
};

// A JSON answer; `body` is JSON text.
HttpResponse JsonResponse(int status, std::string body);

}  // namespace genledger
