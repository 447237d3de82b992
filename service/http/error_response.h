// Errors as HTTP answers, in the two forms of the JSON front.
#pragma once

#include "absl/status/status.h"
#include "service/base/local_text.h"
#include "service/http/http_message.h"

namespace genledger {

// Which form a route answers errors in.
enum class ErrorForm {
  kApi,   // google.rpc.Status: {"error": {"code", "message", "status", "details"}}
  kPage,  // the upstream's: {"error": {"code", "message", "type"}}, every violation in the message
};

// A public error (service/base/errors.h; anything else is an internal error without its text).
// `status` is not OK. With Retry-After where a repeat may do better, Genledger-Reason, and
// Genledger-Submission-Id where the error is about one.
HttpResponse ErrorResponse(const absl::Status& status, ErrorForm form, Language language);

// What never came to a service: 404, 405, 413, … with these words; 503 with Retry-After.
HttpResponse RefusalResponse(int http_status, const LocalText& why, ErrorForm form,
                             Language language);

}  // namespace genledger
