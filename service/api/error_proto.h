// Public errors as google.rpc.Status, which every front sends in its own way.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "service/base/error_details.h"
#include "service/base/local_text.h"

namespace genledger {

// The details stay under this size: gRPC 1.51 drops calls whose trailers pass 8 KiB.
inline constexpr size_t kErrorDetailsBytesMax = 4096;
// Violations beyond this many become one "and N more".
inline constexpr size_t kViolationsShownMax = 16;

// ErrorInfo (domain "genledger") and, where they fit, BadRequest, RetryInfo, ResourceInfo and
// QuotaFailure; the words in `language`. Errors that nobody made public become INTERNAL without
// their text. `status` is not OK.
google::rpc::Status ErrorToProto(const absl::Status& status,
                                 Language language = Language::kEnglish);

}  // namespace genledger
