#include "service/dispatch/receipt_file.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "service/base/check.h"
#include "service/base/status_macros.h"
#include "service/dispatch/receipt_record.h"

namespace genledger {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr auto kSlotBytes = static_cast<int64_t>(kReceiptSlotBytes);
constexpr int64_t kFileBytes = (kReceiptFileSlots + 1) * kSlotBytes;
// The header slot: this line, its SHA-256, zeros. Readable with head(1).
constexpr std::string_view kMagic = "genledger receipt journal, version ";
constexpr std::string_view kHeaderLine =
    "genledger receipt journal, version 1: 1024 slots of 4096 bytes\n";
static_assert(kReceiptFileSlots == 1024 && kReceiptSlotBytes == 4096, "see kHeaderLine");

std::string Header() {
  std::string header(kHeaderLine);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(kHeaderLine.data()), kHeaderLine.size(), digest);
  header.append(reinterpret_cast<const char*>(digest), sizeof(digest));
  header.resize(kReceiptSlotBytes, '\0');
  return header;
}

}  // namespace

absl::Status ReceiptFile::Error(int error_number, std::string_view what) const {
  const std::string line = absl::StrCat("receipt journal ", path_, ": ", std::string(what), ": ",
                                        std::strerror(error_number));
  switch (error_number) {
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(line);
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(line);
    default:
      return absl::UnavailableError(line);
  }
}

absl::StatusOr<std::unique_ptr<ReceiptFile>> ReceiptFile::Open(const std::string& path,
                                                               Contents* contents) {
  const int fd =
      open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, kFileMode);
  const int error = errno;
  std::unique_ptr<ReceiptFile> file(new ReceiptFile(fd, path));
  if (fd < 0) {
    return file->Error(error, "cannot be opened");
  }
  struct stat info {};
  if (fstat(fd, &info) != 0) {
    return file->Error(errno, "cannot be inspected");
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("receipt journal ", path, ": not a regular file; name a file"));
  }
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return file->Error(errno, "cannot be locked");
    }
    return absl::FailedPreconditionError(
        absl::StrCat("receipt journal ", path,
                     ": in use by another process; each process needs a file of its own"));
  }
  GL_RETURN_IF_ERROR(file->Load(contents));
  // Only now: what is not ours stays as it is.
  if (fchmod(fd, kFileMode) != 0) {
    return file->Error(errno, "its permissions cannot be set to 0600");
  }
  return file;
}

ReceiptFile::~ReceiptFile() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

absl::Status ReceiptFile::Load(Contents* contents) {
  struct stat info {};
  if (fstat(fd_, &info) != 0) {
    return Error(errno, "cannot be inspected");
  }
  const int64_t file_bytes = info.st_size;
  GL_ASSIGN_OR_RETURN(std::string bytes,
                      Read(0, static_cast<size_t>(std::min<int64_t>(file_bytes, kFileBytes))));
  contents->damage.clear();
  // Empty, or a creation that a crash cut short: the header is written last.
  if (file_bytes <= kFileBytes && IsAllZeros(bytes)) {
    GL_RETURN_IF_ERROR(Initialize());
  } else {
    GL_RETURN_IF_ERROR(
        CheckHeader(std::string_view(bytes).substr(0, kReceiptSlotBytes), file_bytes));
    if (file_bytes < kFileBytes) {
      GL_RETURN_IF_ERROR(Restore(file_bytes, contents));
    }
  }
  bytes.resize(kFileBytes, '\0');
  contents->slots.clear();
  contents->slots.reserve(kReceiptFileSlots);
  for (int64_t slot = 1; slot <= kReceiptFileSlots; ++slot) {
    contents->slots.push_back(bytes.substr(slot * kSlotBytes, kReceiptSlotBytes));
  }
  return absl::OkStatus();
}

absl::Status ReceiptFile::CheckHeader(std::string_view header, int64_t file_bytes) const {
  const auto refuse = [this](std::string_view why) {
    return absl::FailedPreconditionError(
        absl::StrCat("receipt journal ", path_, ": ", std::string(why)));
  };
  if (header == Header() && file_bytes <= kFileBytes) {
    return absl::OkStatus();
  }
  if (header.substr(0, kMagic.size()) != kMagic) {
    return refuse("not a receipt journal of genledger; name another file");
  }
  if (header.substr(0, kHeaderLine.size()) != kHeaderLine) {
    return refuse("of another version, or its head is damaged; this binary reads version 1");
  }
  return refuse(file_bytes > kFileBytes ? "longer than a journal is; move it away and look into it"
                                        : "its head is damaged; move it away and look into it");
}

absl::Status ReceiptFile::Initialize() {
  absl::Status status = Preallocate();
  if (status.ok()) {
    // Written once, so that no later write needs a block or an extent that the disk may not have.
    status = WriteAt(0, std::string(kFileBytes, '\0'));
  }
  if (status.ok() && fsync(fd_) != 0) {
    status = Error(errno, "cannot be made durable");
  }
  if (status.ok()) {
    status = WriteAt(0, Header());
  }
  if (status.ok() && fsync(fd_) != 0) {
    status = Error(errno, "cannot be made durable");
  }
  if (status.ok()) {
    return SyncDirectory();
  }
  // Gives the space back; should that fail, zeros stay, and the next start begins anew.
  [[maybe_unused]] const int ignored = ftruncate(fd_, 0);
  return status;
}

absl::Status ReceiptFile::Restore(int64_t file_bytes, Contents* contents) {
  contents->damage =
      absl::StrCat("the file ended at byte ", file_bytes, " of ", kFileBytes, ": what slots ",
                   std::max<int64_t>(file_bytes / kSlotBytes, 1) - 1, " to ", kReceiptFileSlots - 1,
                   " held beyond it is lost");
  GL_RETURN_IF_ERROR(Preallocate());
  GL_RETURN_IF_ERROR(WriteAt(file_bytes, std::string(kFileBytes - file_bytes, '\0')));
  return fsync(fd_) == 0 ? absl::OkStatus() : Error(errno, "cannot be made durable");
}

absl::Status ReceiptFile::Preallocate() const {
  const int error = posix_fallocate(fd_, 0, kFileBytes);
  return error == 0 ? absl::OkStatus() : Error(error, "cannot be preallocated");
}

absl::Status ReceiptFile::SyncDirectory() const {
  const size_t slash = path_.rfind('/');
  std::string directory = ".";
  if (slash != std::string::npos) {
    directory = path_.substr(0, std::max<size_t>(slash, 1));
  }
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return Error(errno, "its directory cannot be opened");
  }
  const int failed = fsync(fd);
  const int error = errno;
  close(fd);
  return failed == 0 ? absl::OkStatus() : Error(error, "its directory cannot be made durable");
}

absl::StatusOr<std::string> ReceiptFile::Read(int64_t offset, size_t length) const {
  std::string bytes(length, '\0');
  size_t done = 0;
  while (done < length) {
    const ssize_t n =
        pread(fd_, bytes.data() + done, length - done, offset + static_cast<int64_t>(done));
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return Error(n < 0 ? errno : EIO, "cannot be read");
    }
    done += static_cast<size_t>(n);
  }
  return bytes;
}

absl::Status ReceiptFile::WriteAt(int64_t offset, std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd_, bytes.data(), bytes.size(), offset);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return Error(n < 0 ? errno : EIO, "cannot be written");
    }
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += n;
  }
  return absl::OkStatus();
}

absl::Status ReceiptFile::Write(const std::vector<std::pair<int32_t, std::string>>& pieces) {
  absl::MutexLock lock(&io_mu_);
  for (const auto& [slot, bytes] : pieces) {
    GL_CHECK(slot >= 0 && slot < kReceiptFileSlots && bytes.size() <= kReceiptSlotBytes,
             "a write outside of its slot");
    GL_RETURN_IF_ERROR(WriteAt((slot + 1) * kSlotBytes, bytes));
  }
  return fdatasync(fd_) == 0 ? absl::OkStatus() : Error(errno, "cannot be made durable");
}

}  // namespace genledger
