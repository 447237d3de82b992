#include "tests/layering_fixture/bottom.h"
#include "tests/layering_fixture/middle.h"

namespace genledger {

static_assert(kLayeringFixtureBottom < kLayeringFixtureMiddle);

}  // namespace genledger
