// What is to be deleted, and the statements that delete it: one for each table, however much it is.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "service/base/ids.h"
#include "service/domain/submission.h"
#include "storage/postgres/connection.h"

namespace genledger::postgres {

// A submission with all that belongs to it.
struct Removal {
  Submission submission;
  std::vector<TaskId> task_ids;          // of all of its attempts
  std::vector<std::string> request_ids;  // become tombstones where they name it
};

// They fail with 22012 (division by zero), and so end the transaction before its COMMIT, unless
// every submission still has its revision. None for nothing.
std::vector<Statement> RemovalStatements(std::span<const Removal> removals);

}  // namespace genledger::postgres
