// The upstream's own form in the OpenAPI document: two paths and their schemas.
#pragma once

#include "service/http/openapi_parts.h"

namespace genledger::openapi {

void AddPagePaths(Json& paths);

// PageRequest, PageError, PageSubmitted and PageTask.
void AddPageSchemas(Json& schemas);

}  // namespace genledger::openapi
