#include "tests/simulation/trace.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace genledger::simulation {
namespace {

constexpr uint64_t kFnvPrime = 0x100000001b3ULL;

}  // namespace

void Trace::Note(absl::Time now, std::string_view line) {
  if (begin_ == absl::InfinitePast()) {
    begin_ = now;
  }
  hash_ = (hash_ ^ static_cast<uint64_t>(absl::ToUnixMicros(now))) * kFnvPrime;
  for (const char c : line) {
    hash_ = (hash_ ^ static_cast<unsigned char>(c)) * kFnvPrime;
  }
  // The oldest line's memory serves the newest.
  Line next;
  if (lines_.size() >= lines_kept_) {
    next = std::move(lines_.front());
    lines_.pop_front();
  }
  next.time = now;
  next.text.assign(line);
  lines_.push_back(std::move(next));
}

std::vector<std::string> Trace::Lines() const {
  std::vector<std::string> lines;
  for (const Line& line : lines_) {
    lines.push_back(
        absl::StrFormat("%14.6f  %s", absl::ToDoubleSeconds(line.time - begin_), line.text));
  }
  return lines;
}

}  // namespace genledger::simulation
