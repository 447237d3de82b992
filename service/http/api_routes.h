// The whole gRPC API as JSON, by the google.api.http options of its methods.
#pragma once

#include "service/api/admin_api.h"
#include "service/api/generation_api.h"
#include "service/auth/authenticator.h"
#include "service/base/access_log.h"
#include "service/http/call_threads.h"
#include "service/http/router.h"

namespace genledger {

// The arguments must outlive the router. `access_log`: null, calls are not told. `threads`: for
// calls whose answers may be long.
void AddApiRoutes(Router* router, Authenticator* authenticator, GenerationApi* generations,
                  AdminApi* admin, AccessLog* access_log, CallThreads* threads);

}  // namespace genledger
