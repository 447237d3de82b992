#include "service/http/byte_budget.h"

namespace genledger {

bool ByteBudget::Share::GrowTo(size_t bytes) {
  if (bytes <= kFreeBytes || bytes <= held_) {
    return true;
  }
  const size_t more = bytes - held_;
  size_t taken = budget_->taken_;
  do {
    if (taken > held_ && taken + more > budget_->bytes_max_) {
      return false;
    }
  } while (!budget_->taken_.compare_exchange_weak(taken, taken + more));
  held_ = bytes;
  return true;
}

}  // namespace genledger
