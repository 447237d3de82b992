// What a watch says, as genledger.v1 has it.
#pragma once

#include "genledger/v1/generation_service.pb.h"
#include "service/dispatch/submission_watch.h"

namespace genledger {

enum class WatchStep {
  kSend,      // and pull the next one
  kSendLast,  // and end the stream
  kEnd,       // nothing to send: the submission has ended
};

// Fills `proto`, which must be empty, unless the answer is kEnd.
WatchStep WatchMessageToProto(const SubmissionWatch::Message& message,
                              v1::WatchSubmissionResponse* proto);

}  // namespace genledger
