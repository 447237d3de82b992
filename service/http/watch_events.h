// WatchSubmission as server-sent events (the HTML standard's text/event-stream).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "genledger/v1/generation_service.pb.h"
#include "service/api/access_line.h"
#include "service/base/error_details.h"
#include "service/base/local_text.h"
#include "service/dispatch/submission_watch.h"
#include "service/http/http_exchange.h"
#include "service/http/http_message.h"

namespace genledger {

// Whether the Accept header, if there is one, lets text/event-stream through.
bool AcceptsEvents(const HttpRequest& request);

// A Last-Event-ID, the revision of the last event that the client saw, becomes after_revision. It
// comes before the query's: a client that reconnects keeps its URL.
void ReadLastEventId(const HttpRequest& request, v1::WatchSubmissionRequest* proto,
                     std::vector<FieldViolation>* faults);

// Streams until the watch or the connection ends. Events are `snapshot`, `event`, `resume` (the
// server drains) and `end` (nothing more will come), their data is the JSON of what
// WatchSubmissionResponse holds, their id the revision; heartbeats are comments. The next message
// is pulled when the last one has been taken, so that a slow reader holds one message, and is cut
// off by the server's limit. Errors before the first message are answered as errors.
// `after_revision`: where it goes on, 0 if at the snapshot. `line` ends with the stream.
void SendWatchEvents(std::shared_ptr<HttpExchange> exchange, std::shared_ptr<SubmissionWatch> watch,
                     int64_t after_revision, Language language, AccessLine line);

}  // namespace genledger
