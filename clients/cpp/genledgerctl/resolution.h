// From the flags of `resolve` to what an operator says.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "clients/cpp/genledgerctl/arguments.h"
#include "genledger/v1/admin_service.pb.h"

namespace genledger::ctl {

inline constexpr FlagSpec kAdoptFlag = {"adopt_task_id", FlagSpec::Kind::kValue, "TASK_ID",
                                        "the upstream accepted it, as this task"};
inline constexpr FlagSpec kNotAcceptedFlag = {
    "declare_not_accepted", FlagSpec::Kind::kSwitch, "",
    "the upstream did not accept it, and will not charge for it"};
inline constexpr FlagSpec kAbandonFlag = {"abandon", FlagSpec::Kind::kSwitch, "",
                                          "nobody will ever know; charges_max is kept"};

// Exactly one of the three, and --note. INVALID_ARGUMENT otherwise.
absl::StatusOr<v1::Resolution> ResolutionFromFlags(const Arguments& arguments);

// "declare not accepted", for people.
std::string ResolutionText(const v1::Resolution& resolution);

}  // namespace genledger::ctl
