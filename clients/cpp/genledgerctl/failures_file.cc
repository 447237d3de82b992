#include "clients/cpp/genledgerctl/failures_file.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "clients/cpp/genledgerctl/arguments.h"
#include "clients/cpp/genledgerctl/text.h"
#include "clients/cpp/request_id.h"

namespace genledger::ctl {
namespace {

namespace fs = std::filesystem;

// What is there is a name of an open stream, whatever file that leads to.
bool NamesAStream(const std::string& path) {
  return path.rfind("/dev/", 0) == 0 || path.rfind("/proc/", 0) == 0;
}

// A device may be both: nothing of it is lost.
bool IsSameFile(const std::string& path, const std::string& jobs) {
  std::error_code error;
  return fs::is_regular_file(path, error) &&
         fs::equivalent(path, jobs == "-" ? "/dev/stdin" : jobs, error);
}

// Where a symbolic link leads to, which stays a link.
std::string PlaceOf(const std::string& path) {
  std::error_code error;
  const fs::path place = fs::canonical(path, error);
  return error ? path : place.string();
}

absl::Status CannotOpen(const std::string& path) {
  return UsageError("--failures: cannot open " + Printable(path));
}

}  // namespace

absl::StatusOr<std::unique_ptr<FailuresFile>> FailuresFile::Open(const std::string& path,
                                                                 const std::string& jobs) {
  if (IsSameFile(path, jobs)) {
    return UsageError("--failures: " + Printable(path) + " is the file of the jobs");
  }
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) {
    return CannotOpen(path);
  }
  const bool exists = fs::exists(status);
  const bool directly = NamesAStream(path) || (exists && !fs::is_regular_file(status));
  const std::string place = directly ? path : PlaceOf(path);
  std::unique_ptr<FailuresFile> file(new FailuresFile(
      place, directly ? place : place + "." + client::NewRequestId() + ".partial"));
  if (!file->out_.good()) {
    return CannotOpen(path);
  }
  if (exists && !directly) {
    // Whoever could not read the earlier failures cannot read these.
    fs::permissions(file->written_, status.permissions(), error);
    if (error) {
      return CannotOpen(path);
    }
  }
  return file;
}

FailuresFile::FailuresFile(std::string place, std::string written)
    : place_(std::move(place)),
      written_(std::move(written)),
      out_(written_, std::ios::binary | std::ios::trunc) {}

void FailuresFile::Write(const std::string& line) { out_ << line << std::flush; }

bool FailuresFile::Commit() {
  out_.close();
  std::error_code error;
  if (out_.good() && written_ != place_) {
    fs::rename(written_, place_, error);
  }
  return out_.good() && !error;
}

}  // namespace genledger::ctl
