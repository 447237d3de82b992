#include "storage/postgres/reconnect_pause.h"

#include <algorithm>

#include "storage/postgres/sql_error.h"

namespace genledger::postgres {

absl::Duration NextReconnectPause(const absl::Status& failure, absl::Duration last) {
  return IsUnsupported(failure) ? std::clamp(2 * last, kReconnectPause, kReconnectPauseMax)
                                : kReconnectPause;
}

}  // namespace genledger::postgres
