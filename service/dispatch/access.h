// Which submissions a call is about, and whether its caller may.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/base/principal.h"
#include "storage/workflow_store.h"

namespace genledger {

// How a request names one submission.
struct NamedKey {
  enum class Kind { kNone, kId, kRequestId, kTaskId };

  Kind kind = Kind::kNone;
  std::string text;
};

// What the key means in this upstream account. INVALID_ARGUMENT FIELD_INVALID (key) if there is
// none; NOT_FOUND SUBMISSION_NOT_FOUND if nothing can have such a name.
absl::StatusOr<SubmissionKey> KeyOf(const NamedKey& key, const std::string& upstream_account);

// Whether a call may cover all tenants ("-").
enum class AllTenants { kRefused, kAllowed };

// Which tenant a read is about; nullopt: all. Empty: the caller's own; operators may name another,
// readers one that they were granted.
// PERMISSION_DENIED; INVALID_ARGUMENT FIELD_INVALID (tenant).
absl::StatusOr<std::optional<std::string>> TenantToRead(const Principal& caller,
                                                        const std::string& asked,
                                                        AllTenants all_tenants);

// What "-" means to a reader, in a list: its own tenant and those that it was granted. nullopt: the
// call is not that.
std::optional<std::vector<std::string>> ReadersTenants(const Principal& caller,
                                                       const std::string& asked);

// The same as TenantToRead for a change: readers change nothing. PERMISSION_DENIED.
absl::StatusOr<std::optional<std::string>> TenantToChange(const Principal& caller,
                                                          const std::string& asked);

// PERMISSION_DENIED unless the caller is an operator.
absl::Status RequireOperator(const Principal& caller);

}  // namespace genledger
