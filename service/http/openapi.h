// GET /v1/openapi.json: the JSON front described in OpenAPI 3.1, made from the same descriptors as
// the routes.
#pragma once

#include <string>

#include "service/http/router.h"

namespace genledger {

// The document, as JSON text.
std::string OpenApiDocument(const std::string& version);

// No credential is asked for: the document holds no secret.
void AddOpenApiRoute(Router* router, const std::string& version);

}  // namespace genledger
