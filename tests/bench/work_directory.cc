#include "tests/bench/work_directory.h"

#include <stdlib.h>

#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace genledger::bench {

absl::StatusOr<std::unique_ptr<WorkDirectory>> WorkDirectory::Create(const std::string& below) {
  std::string path = below + "/genledger_bench_XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    return absl::UnavailableError(absl::StrCat("cannot make a directory in ", below));
  }
  return std::unique_ptr<WorkDirectory>(new WorkDirectory(path));
}

WorkDirectory::~WorkDirectory() {
  std::error_code ignored;  // nothing depends on it
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace genledger::bench
