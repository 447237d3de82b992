// Who calls, once authenticated (service/auth).
#pragma once

#include <string>

namespace genledger {

enum class Role {
  kCaller,    // submits and sees what its tenant submitted
  kReader,    // sees, changes nothing
  kOperator,  // sees and settles everything
};

struct Principal {
  std::string name;    // for events and logs: "anonymous", …
  std::string tenant;  // the owner of what it submits
  Role role = Role::kCaller;
};

}  // namespace genledger
