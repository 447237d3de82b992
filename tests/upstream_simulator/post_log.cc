#include "tests/upstream_simulator/post_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <utility>

#include "service/base/status_macros.h"

namespace genledger {
namespace {

absl::Status FileError(const std::string& path, const char* what) {
  return absl::UnavailableError("log " + path + ": " + what + ": " + std::strerror(errno));
}

absl::Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      return absl::UnavailableError(std::string("log: cannot be written: ") + std::strerror(errno));
    }
    bytes.remove_prefix(written < 0 ? 0 : static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostLog>> PostLog::Open(const std::string& path,
                                                       size_t records_kept) {
  if (path.empty()) {
    return std::unique_ptr<PostLog>(new PostLog(-1, records_kept));
  }
  const int fd = open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return FileError(path, "cannot be opened");
  }
  std::unique_ptr<PostLog> log(new PostLog(fd, records_kept));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return FileError(path, "another process writes it");
  }
  GL_RETURN_IF_ERROR(log->ReadBack(path));
  return log;
}

PostLog::~PostLog() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

absl::Status PostLog::ReadBack(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return FileError(path, "cannot be read");
  }
  std::string line;
  bool cut_short = false;  // the last line has no line break
  bool whole = true;
  for (uint64_t number = 1; std::getline(file, line); ++number) {
    cut_short = file.eof();
    absl::StatusOr<PostRecord> record = ParsePostRecordLine(line);
    whole = record.ok();
    if (whole) {
      last_seq_ = record->seq;
      Keep(*std::move(record));
    } else if (!cut_short) {
      return absl::InvalidArgumentError("log " + path + ": line " + std::to_string(number) + ": " +
                                        std::string(record.status().message()));
    }
  }
  if (!cut_short) {
    return absl::OkStatus();
  }
  if (whole) {
    return WriteAll(fd_, "\n");
  }
  // The half line is dropped, so that the file stays one record a line.
  const off_t size = lseek(fd_, 0, SEEK_END);
  if (ftruncate(fd_, size - static_cast<off_t>(line.size())) != 0) {
    return FileError(path, "cannot be truncated");
  }
  return absl::OkStatus();
}

absl::Status PostLog::Append(PostRecord record) {
  GL_RETURN_IF_ERROR(broken_);
  record.seq = last_seq_ + 1;
  if (fd_ >= 0) {
    std::string line = PostRecordLine(record);
    line += '\n';
    broken_ = WriteAll(fd_, line);
    GL_RETURN_IF_ERROR(broken_);
  }
  ++last_seq_;
  Keep(std::move(record));
  return absl::OkStatus();
}

void PostLog::Keep(PostRecord record) {
  records_.push_back(std::move(record));
  if (records_.size() > records_kept_) {
    records_.pop_front();
  }
}

}  // namespace genledger
