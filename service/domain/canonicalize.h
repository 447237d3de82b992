// The one form of all specs that ask for the same work.
#pragma once

#include "service/domain/generation_spec.h"

namespace genledger {

// Total and pure: never fails, whatever the spec holds, and says nothing of its validity.
// Idempotent: Canonicalize(c.value()) == c. Thread safe. The rows are those of validation-rules.md:
//  - model, duration, resolution, enable_gif: the documented default where absent (C1-C4).
//  - official_fallback: false where absent, unless the model refuses the parameter: then it stays
//    absent, and an explicit value stays for the validator to see (C5, rows 44, 45).
//  - prompt: without Unicode White_Space at both ends; nothing else is folded (C8-C12).
//  - generation_type: where absent, frame for two images and reference for three, unless the model
//    refuses the parameter (C13, C14). One image stays open (C15).
//  - image_urls: CanonicalImageUrl each; order and duplicates kept (C17-C26).
//  - aspect_ratio: as it is; absent is a value of its own (C7).
// A present empty string stays present and empty. A model that the catalogue does not know is
// treated like the default one.
CanonicalSpec Canonicalize(GenerationSpec spec);

}  // namespace genledger
