#include "service/base/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace genledger {
namespace {

// Until the file ends, or `text` is full; false if it cannot be read.
bool ReadInto(int fd, std::string& text) {
  size_t length = 0;
  while (length < text.size()) {
    const ssize_t read_now = read(fd, text.data() + length, text.size() - length);
    if (read_now < 0) {
      return false;
    }
    if (read_now == 0) {
      break;
    }
    length += static_cast<size_t>(read_now);
  }
  text.resize(length);
  return true;
}

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t bytes_max) {
  // Not blocking: a FIFO without a writer would hold the start up for ever.
  const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  struct stat facts {};
  if (fd < 0 || fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    if (fd >= 0) {
      close(fd);
    }
    return absl::InvalidArgumentError(absl::StrCat("cannot read the file ", path));
  }
  std::string text(bytes_max + 1, '\0');
  const bool is_read = ReadInto(fd, text);
  close(fd);
  if (!is_read || text.size() > bytes_max) {
    return absl::InvalidArgumentError(absl::StrCat(path, " cannot be read, or is too long"));
  }
  return text;
}

}  // namespace genledger
