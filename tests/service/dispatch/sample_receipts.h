// Receipts for tests.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "service/dispatch/receipt_record.h"

namespace genledger {

// `number` tells them apart; 150 ids take two slots.
inline Receipt SampleReceipt(int number, int ids = 1) {
  Receipt receipt = {.submission = SubmissionId("sub_" + std::to_string(number)),
                     .attempt = number,
                     .epoch = (int64_t{1} << 40) + number,
                     .http_status = 200,
                     .time = absl::FromUnixMicros(1'767'225'600'123'456 + number)};
  for (int i = 0; i < ids; ++i) {
    receipt.task_ids.emplace_back("task-" + std::to_string(number) + "-" + std::to_string(i) +
                                  "-0123456789abcdef0123456789");
  }
  return receipt;
}

}  // namespace genledger
