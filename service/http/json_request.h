// What every handler of JSON asks of a request before it reads it.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "service/api/api_call.h"
#include "service/auth/authenticator.h"
#include "service/http/error_response.h"
#include "service/http/http_message.h"
#include "service/http/json_to_proto.h"

namespace genledger {

// The refusal (415) of a body that is not declared as JSON in UTF-8, or is encoded; nullopt if it
// is fine. A request without a body needs no Content-Type.
std::optional<HttpResponse> RefuseMediaType(const HttpRequest& request, ErrorForm form,
                                            Language language);

// UNAUTHENTICATED by the authorization header, or the client's certificate; two headers are bad.
absl::StatusOr<ApiCall> CallOf(Authenticator& authenticator, const HttpRequest& request);

// The body, if it is not empty, into the reader's message, or its field `field`; faults go to the
// reader. False if the body is no JSON object: then nothing else can be said of what it should
// hold.
bool ReadJsonBody(const std::string& body, RequestReader& reader, const std::string& field = "");

}  // namespace genledger
