// The file of `submit --failures`: there as a whole, or as it was before.
#pragma once

#include <fstream>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace genledger::ctl {

// Written beside its place and put there by Commit, so that a run that is killed leaves an earlier
// file alone; what it had written by then is in `PATH.….partial`. What is no regular file (a pipe,
// a terminal) is written to directly. Not thread safe.
class FailuresFile {
 public:
  // INVALID_ARGUMENT, one line: `path` is the file that the jobs are read from (`jobs`, or standard
  // input if that is "-"), under whatever name, or cannot be written to.
  static absl::StatusOr<std::unique_ptr<FailuresFile>> Open(const std::string& path,
                                                            const std::string& jobs);

  // `line` ends with a line feed. It is with the operating system when this returns.
  void Write(const std::string& line);

  // False: not everything could be written, or not be put in its place; then it is where it was.
  bool Commit();

 private:
  FailuresFile(std::string place, std::string written);

  const std::string place_;
  const std::string written_;  // the same as `place_` if that is written to directly
  std::ofstream out_;
};

}  // namespace genledger::ctl
