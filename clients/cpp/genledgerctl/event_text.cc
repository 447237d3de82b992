#include "clients/cpp/genledgerctl/event_text.h"

#include <cstdint>

#include "clients/cpp/genledgerctl/enum_name.h"
#include "clients/cpp/genledgerctl/submission_view.h"
#include "clients/cpp/genledgerctl/text.h"
#include "clients/cpp/genledgerctl/time_text.h"

namespace genledger::ctl {
namespace {

std::string Detail(const char* name, const std::string& value) {
  return value.empty() ? "" : std::string("  ") + name + "=" + Printable(value);
}

}  // namespace

std::string EventLine(const v1::SubmissionEvent& event) {
  std::string line = UtcText(event.time()) + "  " + std::to_string(event.revision()) + "  " +
                     StateName(event.state()) + "  " + Printable(event.type());
  if (event.attempt() > 0) {
    line += Detail("attempt", std::to_string(event.attempt()));
  }
  if (event.outcome() != v1::Attempt::OUTCOME_UNSPECIFIED) {
    line += Detail("outcome", EnumName(event.outcome(), "OUTCOME_"));
  }
  line += Detail("task_id", event.task_id()) + Detail("reason", event.reason()) +
          Detail("actor", event.actor()) + Detail("note", event.note());
  return line + "\n";
}

std::string SnapshotLine(const v1::Submission& snapshot) {
  const auto& time = snapshot.has_update_time() ? snapshot.update_time() : snapshot.create_time();
  return UtcText(time) + "  " + std::to_string(snapshot.revision()) + "  " +
         StateName(snapshot.state()) + "  found" + Detail("task_id", snapshot.task_id()) +
         Detail("reason", snapshot.failure().reason()) + "\n";
}

}  // namespace genledger::ctl
