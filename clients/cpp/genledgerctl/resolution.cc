#include "clients/cpp/genledgerctl/resolution.h"

#include <utility>

#include "clients/cpp/genledgerctl/target.h"

namespace genledger::ctl {

absl::StatusOr<v1::Resolution> ResolutionFromFlags(const Arguments& arguments) {
  const bool not_accepted = arguments.Switch("declare_not_accepted").value_or(false);
  const bool abandon = arguments.Switch("abandon").value_or(false);
  const int kinds =
      (arguments.Has("adopt_task_id") ? 1 : 0) + (not_accepted ? 1 : 0) + (abandon ? 1 : 0);
  if (kinds != 1) {
    return UsageError("say one of --adopt_task_id=TASK_ID, --declare_not_accepted and --abandon");
  }
  v1::Resolution resolution;
  if (not_accepted) {
    resolution.mutable_declare_not_accepted();
  } else if (abandon) {
    resolution.mutable_abandon();
  } else {
    resolution.set_adopt_task_id(*arguments.Text("adopt_task_id"));
    if (resolution.adopt_task_id().empty()) {
      return UsageError("--adopt_task_id is given empty");
    }
  }
  absl::StatusOr<std::string> note = NoteFromFlags(arguments);
  if (!note.ok()) {
    return note.status();
  }
  resolution.set_note(*std::move(note));
  return resolution;
}

std::string ResolutionText(const v1::Resolution& resolution) {
  switch (resolution.kind_case()) {
    case v1::Resolution::kAdoptTaskId:
      return "adopt " + resolution.adopt_task_id();
    case v1::Resolution::kDeclareNotAccepted:
      return "declare not accepted";
    case v1::Resolution::kAbandon:
      return "abandon";
    case v1::Resolution::KIND_NOT_SET:
      break;
  }
  return "";
}

}  // namespace genledger::ctl
