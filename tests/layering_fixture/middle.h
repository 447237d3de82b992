// The library between: whoever depends on it has no right to bottom.h by that alone.
#pragma once

#include "tests/layering_fixture/bottom.h"

namespace genledger {

constexpr int kLayeringFixtureMiddle = kLayeringFixtureBottom + 1;

}  // namespace genledger
