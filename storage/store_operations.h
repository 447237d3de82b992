// The writes of WorkflowStore as sequences of look-up, domain decision and record write: one
// implementation for all stores, so that they cannot differ in what they decide.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/ids.h"
#include "service/domain/transitions.h"
#include "storage/store_transaction.h"
#include "storage/workflow_store.h"

namespace genledger {

// A store runs these inside one transaction each and rolls back if they fail. Errors are those of
// WorkflowStore's call of that name. `now` is cut to the microsecond, like every time that is
// written.

// When a submission that the backlog had no room for may do better.
inline constexpr absl::Duration kBacklogRetryDelay = absl::Seconds(5);
// PENDING submissions that one ClaimDue expires at most; more wait for the next call.
inline constexpr int32_t kExpirePerClaimMax = 256;
// Submissions that one Purge looks at, at most, beyond the page that it deletes its last from.
inline constexpr int32_t kPurgeLookMax = 500;
// OUTCOME_UNKNOWN submissions of one policy that one ClaimDue looks at for want of a slot.
inline constexpr int32_t kUnknownPerClaimMax = 64;

absl::StatusOr<SubmitOutcome> RunSubmit(StoreTransaction& transaction, const SubmitCommand& command,
                                        absl::Time now);
// The answer to a Submit that needs no write; nullopt if it must go through RunSubmit.
absl::StatusOr<std::optional<SubmitOutcome>> AnswerWithoutWrite(DedupeReader& reader,
                                                                const SubmitCommand& command,
                                                                absl::Time now);
absl::StatusOr<PreviewOutcome> RunPreview(DedupeReader& reader, const NewSubmission& request,
                                          absl::Time now);
absl::StatusOr<ClaimDueOutcome> RunClaimDue(StoreTransaction& transaction,
                                            const ClaimDueCommand& command, absl::Time now);
absl::StatusOr<Submission> RunApply(StoreTransaction& transaction, const ApplyCommand& command,
                                    absl::Time now);
absl::StatusOr<CancelResult> RunCancel(StoreTransaction& transaction, const CancelCommand& command,
                                       absl::Time now);
// ExpireAllLeases: of leases that end by then; InfiniteFuture for a store that proves that no other
// process can own one.
absl::StatusOr<int64_t> RunExpireLeases(StoreTransaction& transaction, const std::string& actor,
                                        const AmbiguityRules& rules, absl::Time ended_by,
                                        absl::Time now);
absl::StatusOr<PurgeOutcome> RunPurge(StoreTransaction& transaction, PurgeCommand command,
                                      absl::Time now);

}  // namespace genledger
