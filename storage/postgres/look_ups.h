// What a write will want to know, named before it runs, so that one round trip fetches it for many.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "service/base/ids.h"
#include "service/domain/request_hash.h"

namespace genledger::postgres {

// tenant, account, request_id.
using NameKey = std::tuple<std::string, std::string, std::string>;
// tenant, account, hash_version, hash.
using HashKey = std::tuple<std::string, std::string, int64_t, RequestHash>;

struct LookUps {
  std::set<NameKey> request_ids;
  std::set<HashKey> hashes;
  std::set<HashKey> abandoned;
  // With their attempts.
  std::set<SubmissionId> ids;
  // What waits: of this account, and of all accounts what can run out.
  std::optional<std::string> due_of_account;

  bool empty() const {
    return request_ids.empty() && hashes.empty() && abandoned.empty() && ids.empty() &&
           !due_of_account.has_value();
  }
};

}  // namespace genledger::postgres
