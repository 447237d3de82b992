#include "storage/account_binding.h"

#include "absl/strings/str_cat.h"

namespace genledger {

absl::StatusOr<RecordedAccount> DecideAccountBinding(const std::optional<RecordedAccount>& recorded,
                                                     const AccountBinding& binding) {
  RecordedAccount wanted{.upstream_account = binding.upstream_account,
                         .upstream_host = binding.upstream_host};
  if (!recorded.has_value() || *recorded == wanted || binding.allow_change) {
    return wanted;
  }
  const bool same_account = recorded->upstream_account == wanted.upstream_account;
  if (same_account && binding.account_is_explicit) {
    return wanted;  // The flag says whose money it is; only the host has moved.
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the store belongs to upstream account \"", recorded->upstream_account, "\" at host \"",
      recorded->upstream_host, "\", but this start names account \"", wanted.upstream_account,
      "\" at host \"", wanted.upstream_host,
      "\": go back to the first, name the account explicitly, or allow a new upstream account"));
}

}  // namespace genledger
