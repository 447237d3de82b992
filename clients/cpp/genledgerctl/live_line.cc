#include "clients/cpp/genledgerctl/live_line.h"

#include "clients/cpp/genledgerctl/text.h"

namespace genledger::ctl {
namespace {

// Back to the first column, and the line wiped.
constexpr char kClearLine[] = "\r\x1b[K";
constexpr size_t kColumnsMax = 79;

}  // namespace

void LiveLine::Show(const std::string& text) {
  terminal_ << kClearLine << Shorten(Printable(text), kColumnsMax) << std::flush;
}

void LiveLine::Wipe() { terminal_ << kClearLine << std::flush; }

}  // namespace genledger::ctl
