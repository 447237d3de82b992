// The only way to make a CanonicalSpec out of a GenerationSpec. Visible to this package alone:
// Canonicalize() uses it on what it has made canonical, DecodeRequest() on what was encoded from a
// canonical spec.
#pragma once

#include <utility>

#include "service/domain/generation_spec.h"

namespace genledger {

class CanonicalSpecMaker {
 public:
  CanonicalSpecMaker() = delete;

  // The caller vouches that `spec` is canonical.
  static CanonicalSpec Make(GenerationSpec spec) { return CanonicalSpec(std::move(spec)); }
};

}  // namespace genledger
