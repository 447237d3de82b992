// Times and durations for people.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace genledger::ctl {

absl::Time FromProto(const google::protobuf::Timestamp& proto);
absl::Duration FromProto(const google::protobuf::Duration& proto);

// "2026-11-22T10:00:00Z".
std::string UtcText(const google::protobuf::Timestamp& proto);

// UTC, and the user's own time where that is another.
std::string TimeText(const google::protobuf::Timestamp& proto, absl::TimeZone zone);

// The two largest units: "45s", "3m12s", "3h12m", "2d4h". Nothing is less than "0s".
std::string AgeText(absl::Duration age);

}  // namespace genledger::ctl
