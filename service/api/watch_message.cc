#include "service/api/watch_message.h"

#include <variant>

#include "service/api/proto_convert.h"

namespace genledger {

WatchStep WatchMessageToProto(const SubmissionWatch::Message& message,
                              v1::WatchSubmissionResponse* proto) {
  if (const auto* snapshot = std::get_if<SubmissionWithAttempts>(&message)) {
    SubmissionToProto(snapshot->submission, snapshot->attempts, proto->mutable_snapshot());
  } else if (const auto* event = std::get_if<SubmissionEvent>(&message)) {
    EventToProto(*event, proto->mutable_event());
  } else if (const auto* heartbeat = std::get_if<SubmissionWatch::Heartbeat>(&message)) {
    TimeToProto(heartbeat->time, proto->mutable_heartbeat()->mutable_time());
  } else if (const auto* resume = std::get_if<SubmissionWatch::Resume>(&message)) {
    proto->mutable_resume()->set_after_revision(resume->after_revision);
    return WatchStep::kSendLast;
  } else {
    return WatchStep::kEnd;
  }
  return WatchStep::kSend;
}

}  // namespace genledger
