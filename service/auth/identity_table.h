// Who a verified name is: names of client certificates and subjects of JWTs, as the identities file
// maps them to tenants.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/principal.h"

namespace genledger {

struct Identity {
  Principal principal;
  absl::Time expire_time = absl::InfiniteFuture();  // of its line
};

// A line of the file is
//   NAME tenant=TENANT [role=…] [reads=…] [expires=…]
// with a NAME that is one of
//   spiffe://…       the SPIFFE id of a client certificate
//   dns:HOST         a DNS name of one
//   subject:SUBJECT  the `sub` of a JWT: subject:system:serviceaccount:NAMESPACE:NAME
// Immutable: thread safe.
class IdentityTable {
 public:
  // INVALID_ARGUMENT with one line that names the line at fault.
  static absl::StatusOr<IdentityTable> Parse(std::string_view text);

  // Who the one of these names is that is listed. UNAUTHENTICATED if none is, or several, or the
  // line has expired.
  absl::StatusOr<Identity> Find(const std::vector<std::string>& names, absl::Time now) const;

 private:
  absl::flat_hash_map<std::string, Identity> identities_;
};

}  // namespace genledger
