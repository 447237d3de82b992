// Between outcomes and receipts, and what a start does with the receipts that it finds (DESIGN.md
// section 6, "Receipts").
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/base/logger.h"
#include "service/dispatch/receipt_journal.h"
#include "service/domain/attempt_transitions.h"
#include "storage/workflow_store.h"

namespace genledger {

// The receipt of an acceptance, that was answered at `time`.
Receipt ReceiptOf(const SubmissionId& id, const FinishAttempt& finish, absl::Time time);

// Whether the record has the acceptance that `finish` tells of.
bool HasAcceptance(const SubmissionWithAttempts& record, const FinishAttempt& finish);

// Logs what of the journal is damaged, brings every pending receipt to the store and forgets those
// that it has. A receipt that the store will not take (of another database, or purged) stays, and
// is logged as an error. Blocks; once at start, before any lease is declared run out and before the
// port opens. UNAVAILABLE if the store cannot be asked; the journal's error if it cannot be
// written; FAILED_PRECONDITION, when all others have been tried, if the store failed at a receipt
// without refusing it: a start that went on would declare the lease run out over a proof to the
// contrary.
absl::Status ReplayReceipts(ReceiptJournal& journal, WorkflowStore& store, const std::string& actor,
                            Logger& logger);

}  // namespace genledger
