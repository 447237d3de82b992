#include "storage/sqlite/lock_file_owner.h"

#include <fstream>

namespace genledger::sqlite {

std::string LockFilePath(const std::string& database_path) { return database_path + ".lock"; }

int64_t LockFileOwner(const std::string& database_path) {
  std::ifstream file(LockFilePath(database_path));
  int64_t owner = 0;
  return file >> owner ? owner : 0;
}

}  // namespace genledger::sqlite
