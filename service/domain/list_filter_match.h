// Which submissions a list filter lets through.
#pragma once

#include "service/domain/list_filter.h"
#include "service/domain/submission.h"

namespace genledger {

// Pure, thread safe. Texts compare byte by byte. A label, failure or time that is not there equals
// nothing, is neither less nor greater than anything, and is not present; an unset text is the
// empty text, which is not present either.
bool Matches(const ListFilter& filter, const Submission& submission);

}  // namespace genledger
