#include "storage/sqlite/log_buffer_vfs.h"

#include <sqlite3.h>

#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/base/const_init.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "service/base/check.h"

namespace genledger::sqlite {
namespace {

struct Buffer {
  sqlite3_int64 offset = 0;  // of its first byte in the file
  std::vector<char> bytes;
};

// What SQLite takes for an open log; the real file lies behind it in the same allocation.
struct LogFile {
  sqlite3_file base;
  Buffer* buffer;
};
Buffer& BufferOf(sqlite3_file* file) { return *reinterpret_cast<LogFile*>(file)->buffer; }
sqlite3_file* RealFile(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<LogFile*>(file) + 1);
}
const sqlite3_io_methods& RealMethods(sqlite3_file* file) { return *RealFile(file)->pMethods; }

// Afterwards the buffer is empty: what could not be written is SQLite's to write again.
int Flush(sqlite3_file* file) {
  Buffer& buffer = BufferOf(file);
  if (buffer.bytes.empty()) {
    return SQLITE_OK;
  }
  const int result = RealMethods(file).xWrite(RealFile(file), buffer.bytes.data(),
                                              static_cast<int>(buffer.bytes.size()), buffer.offset);
  buffer.bytes.clear();
  return result;
}

// Flushes, then runs one of the real file's methods.
template <typename... Parameters, typename... Arguments>
int Flushed(sqlite3_file* file, int (*method)(sqlite3_file*, Parameters...),
            Arguments... arguments) {
  const int result = Flush(file);
  return result == SQLITE_OK ? method(RealFile(file), arguments...) : result;
}

int Write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  Buffer& buffer = BufferOf(file);
  const auto count = static_cast<size_t>(size);
  const sqlite3_int64 end = buffer.offset + static_cast<sqlite3_int64>(buffer.bytes.size());
  if (offset != end || buffer.bytes.size() + count > kLogBufferBytesMax) {
    if (const int result = Flush(file); result != SQLITE_OK) {
      return result;
    }
    buffer.offset = offset;
  }
  const auto* const bytes = static_cast<const char*>(data);
  buffer.bytes.insert(buffer.bytes.end(), bytes, bytes + count);
  return SQLITE_OK;
}

// What was never synced belongs to no commit. Another connection may have written its own commits
// over that place since, so it must not be written now.
int Close(sqlite3_file* file) {
  const int closed = RealMethods(file).xClose(RealFile(file));
  delete &BufferOf(file);
  return closed;
}
int Read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  return Flushed(file, RealMethods(file).xRead, data, size, offset);
}
int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  return Flushed(file, RealMethods(file).xTruncate, size);
}
int Sync(sqlite3_file* file, int flags) { return Flushed(file, RealMethods(file).xSync, flags); }
int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return Flushed(file, RealMethods(file).xFileSize, size);
}
int Lock(sqlite3_file* file, int level) { return RealMethods(file).xLock(RealFile(file), level); }
int Unlock(sqlite3_file* file, int level) {
  return RealMethods(file).xUnlock(RealFile(file), level);
}
int CheckReservedLock(sqlite3_file* file, int* result) {
  return RealMethods(file).xCheckReservedLock(RealFile(file), result);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Flushed(file, RealMethods(file).xFileControl, operation, argument);
}
int SectorSize(sqlite3_file* file) { return RealMethods(file).xSectorSize(RealFile(file)); }
int DeviceCharacteristics(sqlite3_file* file) {
  return RealMethods(file).xDeviceCharacteristics(RealFile(file));
}

// Version 1: the log's shared memory belongs to the database file, and nobody maps the log itself.
constexpr sqlite3_io_methods kMethods = {.iVersion = 1,
                                         .xClose = Close,
                                         .xRead = Read,
                                         .xWrite = Write,
                                         .xTruncate = Truncate,
                                         .xSync = Sync,
                                         .xFileSize = FileSize,
                                         .xLock = Lock,
                                         .xUnlock = Unlock,
                                         .xCheckReservedLock = CheckReservedLock,
                                         .xFileControl = FileControl,
                                         .xSectorSize = SectorSize,
                                         .xDeviceCharacteristics = DeviceCharacteristics};

sqlite3_vfs* Real(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  if ((flags & SQLITE_OPEN_WAL) == 0) {
    return Real(vfs)->xOpen(Real(vfs), name, file, flags, out_flags);
  }
  file->pMethods = nullptr;
  const int result = Real(vfs)->xOpen(Real(vfs), name, RealFile(file), flags, out_flags);
  if (RealFile(file)->pMethods != nullptr) {  // then SQLite closes it, whatever the result
    file->pMethods = &kMethods;
    reinterpret_cast<LogFile*>(file)->buffer = new Buffer;
  }
  return result;
}
int Delete(sqlite3_vfs* vfs, const char* name, int sync) {
  return Real(vfs)->xDelete(Real(vfs), name, sync);
}
int Access(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
  return Real(vfs)->xAccess(Real(vfs), name, flags, result);
}
int FullPathname(sqlite3_vfs* vfs, const char* name, int bytes, char* path) {
  return Real(vfs)->xFullPathname(Real(vfs), name, bytes, path);
}
int Randomness(sqlite3_vfs* vfs, int bytes, char* data) {
  return Real(vfs)->xRandomness(Real(vfs), bytes, data);
}
int Sleep(sqlite3_vfs* vfs, int micros) { return Real(vfs)->xSleep(Real(vfs), micros); }
int CurrentTime(sqlite3_vfs* vfs, double* time) { return Real(vfs)->xCurrentTime(Real(vfs), time); }
int GetLastError(sqlite3_vfs* vfs, int bytes, char* text) {
  return Real(vfs)->xGetLastError(Real(vfs), bytes, text);
}
int CurrentTimeInt64(sqlite3_vfs* vfs, sqlite3_int64* time) {
  return Real(vfs)->xCurrentTimeInt64(Real(vfs), time);
}

// A registered VFS and what it points to.
struct Registered {
  std::string name;
  sqlite3_vfs vfs{};
};

std::unique_ptr<Registered> Register(sqlite3_vfs* real) {
  auto registered = std::make_unique<Registered>();
  registered->name = absl::StrCat("genledger_log_buffer_", real->zName);
  registered->vfs = {.iVersion = 2,
                     .szOsFile = static_cast<int>(sizeof(LogFile)) + real->szOsFile,
                     .mxPathname = real->mxPathname,
                     .zName = registered->name.c_str(),
                     .pAppData = real,
                     .xOpen = Open,
                     .xDelete = Delete,
                     .xAccess = Access,
                     .xFullPathname = FullPathname,
                     .xRandomness = Randomness,
                     .xSleep = Sleep,
                     .xCurrentTime = CurrentTime,
                     .xGetLastError = GetLastError,
                     .xCurrentTimeInt64 = CurrentTimeInt64};
  GL_CHECK(sqlite3_vfs_register(&registered->vfs, /*makeDflt=*/0) == SQLITE_OK,
           "SQLite takes a file system");
  return registered;
}

}  // namespace

std::string LogBufferVfsName() {
  static absl::Mutex mu(absl::kConstInit);
  // By the default VFS that each lies over, for which SQLite keeps pointers as long as the process.
  static auto& all = *new std::map<sqlite3_vfs*, std::unique_ptr<Registered>>;
  sqlite3_vfs* const real = sqlite3_vfs_find(nullptr);
  GL_CHECK(real != nullptr, "SQLite without a file system");
  absl::MutexLock lock(&mu);
  std::unique_ptr<Registered>& registered = all[real];
  if (registered == nullptr) {
    registered = Register(real);
  }
  return registered->name;
}

}  // namespace genledger::sqlite
