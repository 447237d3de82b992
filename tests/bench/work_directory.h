// Where a benchmark keeps its databases, logs and port files.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace genledger::bench {

// A new directory below a given one, removed with this object. Files must be on the disk that is to
// be measured.
class WorkDirectory {
 public:
  // UNAVAILABLE if it cannot be made.
  static absl::StatusOr<std::unique_ptr<WorkDirectory>> Create(const std::string& below);

  ~WorkDirectory();
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;

  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  explicit WorkDirectory(std::string path) : path_(std::move(path)) {}

  const std::string path_;
};

}  // namespace genledger::bench
