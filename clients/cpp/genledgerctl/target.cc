#include "clients/cpp/genledgerctl/target.h"

namespace genledger::ctl {

absl::StatusOr<Target> TargetFromFlags(const Arguments& arguments) {
  Target target{.request_id = arguments.Text("request_id").value_or(""),
                .tenant = arguments.Text("tenant").value_or(""),
                .etag = arguments.Text("etag").value_or("")};
  if (arguments.operands().size() + (arguments.Has("request_id") ? 1 : 0) != 1) {
    return UsageError("name one submission by ID, or by --request_id where the verb takes it");
  }
  if (!arguments.operands().empty()) {
    target.id = arguments.operands().front();
  }
  // A variable that a script left unset must not name anything, nor waive the check of the etag.
  if (target.id.empty() && target.request_id.empty()) {
    return UsageError("the submission's name is given empty");
  }
  if (arguments.Text("etag") == "") {
    return UsageError("--etag is given empty");
  }
  return target;
}

absl::StatusOr<std::string> NoteFromFlags(const Arguments& arguments) {
  std::string note = arguments.Text("note").value_or("");
  if (note.empty()) {
    return UsageError("--note=TEXT is required: why, for the record");
  }
  return note;
}

}  // namespace genledger::ctl
