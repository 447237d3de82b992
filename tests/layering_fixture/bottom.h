// The lowest library of the fixture: the include that must be declared.
#pragma once

namespace genledger {

constexpr int kLayeringFixtureBottom = 1;

}  // namespace genledger
