// Where a command reads and writes, and what it may assume of the other end.
#pragma once

#include <istream>
#include <ostream>

#include "absl/time/time.h"

namespace genledger::ctl {

struct Terminal {
  std::istream* in = nullptr;
  std::ostream* out = nullptr;  // results
  std::ostream* err = nullptr;  // errors, hints, progress
  bool out_is_tty = false;
  bool err_is_tty = false;  // progress is shown
  bool color = false;       // of `out`
  absl::TimeZone zone;      // the user's
};

}  // namespace genledger::ctl
