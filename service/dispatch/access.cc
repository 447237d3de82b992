#include "service/dispatch/access.h"

#include <algorithm>
#include <vector>

#include "service/base/error_details.h"
#include "service/base/errors.h"
#include "service/base/texts.h"

namespace genledger {
namespace {

constexpr size_t kKeyBytesMax = 256;
constexpr char kAllTenants[] = "-";

absl::Status Invalid(std::string field, TextId text) {
  return errors::FieldInvalid({MakeViolation(std::move(field), MakeText(text))});
}

bool IsGranted(const Principal& reader, const std::string& tenant) {
  const std::vector<std::string>& granted = reader.also_reads;
  return std::find(granted.begin(), granted.end(), tenant) != granted.end();
}

}  // namespace

absl::StatusOr<SubmissionKey> KeyOf(const NamedKey& key, const std::string& upstream_account) {
  if (key.text.size() > kKeyBytesMax) {
    return errors::SubmissionNotFound("(a key of over 256 bytes)");
  }
  switch (key.kind) {
    case NamedKey::Kind::kId:
      if (!IsSubmissionId(key.text)) {
        return errors::SubmissionNotFound(key.text);
      }
      return SubmissionKey(SubmissionId(key.text));
    case NamedKey::Kind::kRequestId:
      return SubmissionKey(RequestIdKey{upstream_account, key.text});
    case NamedKey::Kind::kTaskId:
      return SubmissionKey(TaskId(key.text));
    case NamedKey::Kind::kNone:
      break;
  }
  return Invalid("key", TextId::kKeyRequired);
}

absl::StatusOr<std::optional<std::string>> TenantToRead(const Principal& caller,
                                                        const std::string& asked,
                                                        AllTenants all_tenants) {
  if (asked.empty() || asked == caller.tenant) {
    return std::optional<std::string>(caller.tenant);
  }
  if (caller.role != Role::kOperator && !IsGranted(caller, asked)) {
    return errors::PermissionDenied(TextId::kDeniedOtherTenants);
  }
  if (asked == kAllTenants) {
    if (all_tenants == AllTenants::kRefused) {
      return Invalid("tenant", TextId::kAllTenantsInLists);
    }
    return std::optional<std::string>();
  }
  return std::optional<std::string>(asked);
}

std::optional<std::vector<std::string>> ReadersTenants(const Principal& caller,
                                                       const std::string& asked) {
  if (caller.role != Role::kReader || asked != kAllTenants) {
    return std::nullopt;
  }
  std::vector<std::string> tenants = caller.also_reads;
  tenants.push_back(caller.tenant);
  std::sort(tenants.begin(), tenants.end());
  tenants.erase(std::unique(tenants.begin(), tenants.end()), tenants.end());
  return tenants;
}

absl::StatusOr<std::optional<std::string>> TenantToChange(const Principal& caller,
                                                          const std::string& asked) {
  if (caller.role == Role::kReader) {
    return errors::PermissionDenied(TextId::kDeniedReader);
  }
  return TenantToRead(caller, asked, AllTenants::kRefused);
}

absl::Status RequireOperator(const Principal& caller) {
  return caller.role == Role::kOperator ? absl::OkStatus()
                                        : errors::PermissionDenied(TextId::kDeniedOperators);
}

}  // namespace genledger
