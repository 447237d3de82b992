// A line on a terminal that is drawn again and again.
#pragma once

#include <ostream>
#include <string>

namespace genledger::ctl {

// Not thread safe.
class LiveLine {
 public:
  // `terminal` must outlive it.
  explicit LiveLine(std::ostream& terminal) : terminal_(terminal) {}

  // `text` in place of what was shown; escaped, and cut to what the narrowest usual terminal holds,
  // because a line that wraps cannot be wiped.
  void Show(const std::string& text);
  void Wipe();

 private:
  std::ostream& terminal_;
};

}  // namespace genledger::ctl
