#include "storage/account_binding.h"

#include "absl/strings/str_cat.h"

namespace genledger {

absl::StatusOr<RecordedAccount> DecideAccountBinding(const std::optional<RecordedAccount>& recorded,
                                                     const AccountBinding& binding) {
  RecordedAccount wanted{.upstream_account = binding.upstream_account,
                         .upstream_host = binding.upstream_host};
  const bool is_named = !binding.upstream_account.empty();
  if (!is_named) {
    const bool on_record = recorded.has_value() && !binding.allow_change;
    wanted.upstream_account = on_record ? recorded->upstream_account : binding.upstream_host;
  }
  if (!recorded.has_value() || *recorded == wanted || binding.allow_change) {
    return wanted;
  }
  const bool same_account = recorded->upstream_account == wanted.upstream_account;
  if (same_account && is_named) {
    return wanted;  // The flag says whose money it is; only the host has moved.
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the store belongs to upstream account \"", recorded->upstream_account,
                   "\" at host \"", recorded->upstream_host, "\", but this start names account \"",
                   wanted.upstream_account, "\" at host \"", wanted.upstream_host,
                   "\": go back to the first, name its account if only its host has moved "
                   "(--upstream_account), or mean it (--new_upstream_account)"));
}

}  // namespace genledger
