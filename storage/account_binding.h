// Whether a store may be opened for an upstream account: one rule for all stores.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "storage/workflow_store.h"

namespace genledger {

struct RecordedAccount {
  std::string upstream_account;
  std::string upstream_host;

  friend bool operator==(const RecordedAccount&, const RecordedAccount&) = default;
};

// What the store must record from now on (possibly what it has); nullopt for `recorded` means its
// first start. FAILED_PRECONDITION, with one line that names both, if they differ and the binding
// allows no change.
absl::StatusOr<RecordedAccount> DecideAccountBinding(const std::optional<RecordedAccount>& recorded,
                                                     const AccountBinding& binding);

}  // namespace genledger
