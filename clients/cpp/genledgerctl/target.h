// The one submission that a command line names, and the flags that the verbs on it share.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "clients/cpp/genledgerctl/arguments.h"

namespace genledger::ctl {

inline constexpr FlagSpec kRequestIdFlag = {"request_id", FlagSpec::Kind::kValue, "ID",
                                            "name it by the key that it was submitted with"};
inline constexpr FlagSpec kTenantFlag = {"tenant", FlagSpec::Kind::kValue, "TENANT",
                                         "another tenant's, for readers and operators"};
inline constexpr FlagSpec kEtagFlag = {"etag", FlagSpec::Kind::kValue, "ETAG",
                                       "only if it has not changed since it had this etag"};
inline constexpr FlagSpec kNoteFlag = {"note", FlagSpec::Kind::kValue, "TEXT",
                                       "why, for the record; required, at most 1 KiB"};

// What the flags of the verb allow is filled in; the rest stays empty.
struct Target {
  std::string id;
  std::string request_id;
  std::string tenant;
  std::string etag;
};

// Exactly one ID or --request_id. INVALID_ARGUMENT: another number of them, or one that is empty.
absl::StatusOr<Target> TargetFromFlags(const Arguments& arguments);

// --note. INVALID_ARGUMENT: not given, or empty.
absl::StatusOr<std::string> NoteFromFlags(const Arguments& arguments);

}  // namespace genledger::ctl
