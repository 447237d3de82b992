// That a receipt is on the disk before it counts. A test cannot cut the power, so fdatasync is
// wrapped by the linker and counted.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "service/dispatch/receipt_journal.h"
#include "tests/service/dispatch/sample_receipts.h"
#include "tests/storage/temporary_directory.h"

namespace genledger {
namespace {

int syncs = 0;

}  // namespace

// Named by their symbols only: such names are the linker's.
int RealSync(int fd) asm("__real_fdatasync");
int CountedSync(int fd) asm("__wrap_fdatasync");
int CountedSync(int fd) {
  ++syncs;
  return RealSync(fd);
}

namespace {

TEST(ReceiptSync, ReceiptsAreSyncedWhenTheyAreWrittenAndWhenTheyAreForgotten) {
  const TemporaryDirectory directory;
  const std::unique_ptr<ReceiptJournal> journal =
      *ReceiptJournal::Open(directory.File("ledger.receipts"));
  const Receipt receipt = SampleReceipt(1);
  syncs = 0;
  ASSERT_TRUE(journal->Append(receipt).ok());
  EXPECT_EQ(syncs, 1);
  ASSERT_TRUE(journal->Forget(receipt).ok());
  EXPECT_EQ(syncs, 2);
}

}  // namespace
}  // namespace genledger
