// Receipt journals for simulated processes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/base/check.h"
#include "service/dispatch/receipt_journal.h"
#include "tests/storage/temporary_directory.h"

namespace genledger::simulation {

// Real files, opened once and emptied between worlds, because making one costs more than a whole
// world. A process that dies leaves its journal here for its successor, as it would leave the file.
// Not thread safe.
class JournalShelf {
 public:
  // Of the replica with this number.
  ReceiptJournal* Of(size_t replica) {
    while (journals_.size() <= replica) {
      absl::StatusOr<std::unique_ptr<ReceiptJournal>> opened =
          ReceiptJournal::Open(directory_.File(absl::StrCat("receipts-", journals_.size())));
      GL_CHECK(opened.ok(), "a receipt journal in a directory of its own");
      journals_.push_back(*std::move(opened));
    }
    return journals_[replica].get();
  }

  // As if all files were new.
  void Empty() {
    for (const std::unique_ptr<ReceiptJournal>& journal : journals_) {
      for (const Receipt& receipt : journal->Pending()) {
        GL_CHECK(journal->Forget(receipt).ok(), "a receipt that is there");
      }
    }
  }

 private:
  const TemporaryDirectory directory_;
  std::vector<std::unique_ptr<ReceiptJournal>> journals_;
};

}  // namespace genledger::simulation
