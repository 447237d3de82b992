// The small pieces that the OpenAPI document is put together from. Pure, thread safe.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>

#include "service/http/error_response.h"

namespace genledger::openapi {

using Json = nlohmann::ordered_json;

// A reference to components/schemas/`name`.
Json RefTo(const std::string& name);

// A "content" object: `schema` as application/json.
Json JsonContent(Json schema);

// A response object with a JSON body.
Json Answer(const std::string& description, Json schema);

// A parameter object; `in` is "path", "query" or "header".
Json Parameter(const std::string& name, const char* in, bool required, Json schema);
Json HeaderParameter(const char* name, const char* description);
Json AcceptLanguageParameter();

// The schema of an object with exactly these properties, every one of which is there.
Json ClosedObject(Json properties);

// What an operation may answer besides success, and whether the error may be about a submission.
struct Errors {
  ErrorForm form = ErrorForm::kApi;
  bool about_submission = false;  // Genledger-Submission-Id, and when to come back
};

// Adds a response for each of `statuses`, with the headers that the status may have, and the
// default one: what HTTP itself refuses (408, 414, 417, 431, 501). Each status is one of 400, 401,
// 403, 404, 406, 409, 413, 415, 429, 500, 502 and 503.
void AddErrors(const Errors& errors, std::initializer_list<int> statuses, Json& responses);

// References to components/headers.
Json HeaderRefs(std::initializer_list<const char*> names);

// components/headers: every header of the front's own, and the standard ones that it sets.
Json HeaderComponents();

}  // namespace genledger::openapi
