// A new idempotency key for SubmitGenerationRequest.request_id.
#pragma once

#include <string>

namespace genledger::client {

// A random UUID (version 4) in its usual 36 characters. Thread safe.
//
// Make one per generation that is wanted, keep it with the work (before the first call, so that a
// crash in between finds it again), and send the same one in every repeat: a repeat with the same
// request_id never pays twice, a new one may.
std::string NewRequestId();

}  // namespace genledger::client
