// The routes in the upstream's own form, for programs written for the upstream: only their base URL
// changes.
//   POST /v1/videos/generations  submits (Idempotency-Key is the request_id, Prefer: wait=SECONDS
//                                the wait), and answers with the task_id
//   GET /v1/tasks/{task_id}      what the ledger knows of a task
#pragma once

#include "service/api/generation_api.h"
#include "service/auth/authenticator.h"
#include "service/base/access_log.h"
#include "service/base/clock.h"
#include "service/http/router.h"

namespace genledger {

// The arguments must outlive the router. `access_log`: null, calls are not told.
void AddPageRoutes(Router* router, Authenticator* authenticator, GenerationApi* generations,
                   Clock* clock, AccessLog* access_log);

}  // namespace genledger
