#include "clients/cpp/genledgerctl/time_text.h"

#include <algorithm>
#include <cstdint>

namespace genledger::ctl {
namespace {

std::string TwoUnits(int64_t seconds, int64_t large, const char* large_name, int64_t small,
                     const char* small_name) {
  return std::to_string(seconds / large) + large_name + std::to_string(seconds % large / small) +
         small_name;
}

}  // namespace

absl::Time FromProto(const google::protobuf::Timestamp& proto) {
  return absl::FromUnixSeconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

absl::Duration FromProto(const google::protobuf::Duration& proto) {
  return absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

std::string UtcText(const google::protobuf::Timestamp& proto) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", FromProto(proto), absl::UTCTimeZone());
}

std::string TimeText(const google::protobuf::Timestamp& proto, absl::TimeZone zone) {
  const absl::Time time = FromProto(proto);
  std::string text = UtcText(proto);
  if (zone.At(time).offset != 0) {
    text += absl::FormatTime("  (%Y-%m-%d %H:%M:%S %Ez local)", time, zone);
  }
  return text;
}

std::string AgeText(absl::Duration age) {
  constexpr int64_t kMinute = 60;
  constexpr int64_t kHour = 60 * kMinute;
  constexpr int64_t kDay = 24 * kHour;
  const int64_t seconds = std::max<int64_t>(absl::ToInt64Seconds(age), 0);
  if (seconds >= kDay) {
    return TwoUnits(seconds, kDay, "d", kHour, "h");
  }
  if (seconds >= kHour) {
    return TwoUnits(seconds, kHour, "h", kMinute, "m");
  }
  if (seconds >= kMinute) {
    return TwoUnits(seconds, kMinute, "m", 1, "s");
  }
  return std::to_string(seconds) + "s";
}

}  // namespace genledger::ctl
