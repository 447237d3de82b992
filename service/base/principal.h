// Who calls, once authenticated (service/auth).
#pragma once

#include <string>
#include <vector>

namespace genledger {

enum class Role {
  kCaller,    // submits and sees what its tenant submitted
  kReader,    // sees, changes nothing; maybe of several tenants
  kOperator,  // sees and settles everything
};

struct Principal {
  std::string name;    // for events and logs: "anonymous", "token:worker-1", …
  std::string tenant;  // the owner of what it submits
  Role role = Role::kCaller;
  std::vector<std::string> also_reads;  // other tenants that a reader was granted
};

}  // namespace genledger
