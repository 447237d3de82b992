#include "tests/storage/fault_vfs.h"

#include <sqlite3.h>

#include "service/base/check.h"

namespace genledger {
namespace {

constexpr char kName[] = "genledger_fault";

// SQLite calls plain functions: the one file system of the moment is found here.
std::atomic<FaultVfs*> g_faults{nullptr};

bool Strikes(FileFault fault) { return g_faults.load()->Strikes(fault); }

// What SQLite takes for an open file; the real one lies behind it in the same allocation.
struct File {
  sqlite3_file base;
};
sqlite3_file* RealFile(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<File*>(file) + 1);
}
const sqlite3_io_methods& RealMethods(sqlite3_file* file) { return *RealFile(file)->pMethods; }

int Close(sqlite3_file* file) { return RealMethods(file).xClose(RealFile(file)); }
int Read(sqlite3_file* file, void* data, int bytes, sqlite3_int64 offset) {
  return Strikes(FileFault::kRead) ? SQLITE_IOERR_READ
                                   : RealMethods(file).xRead(RealFile(file), data, bytes, offset);
}
int Write(sqlite3_file* file, const void* data, int bytes, sqlite3_int64 offset) {
  const bool error = Strikes(FileFault::kWrite);
  const bool full = Strikes(FileFault::kDiskFull);
  if (error || full) {
    (void)RealMethods(file).xWrite(RealFile(file), data, bytes / 2, offset);
    return error ? SQLITE_IOERR_WRITE : SQLITE_FULL;
  }
  return RealMethods(file).xWrite(RealFile(file), data, bytes, offset);
}
int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  return Strikes(FileFault::kTruncate) ? SQLITE_IOERR_TRUNCATE
                                       : RealMethods(file).xTruncate(RealFile(file), size);
}
// Nothing is really synced: no test of faults survives a power cut, and most of its time would go
// into it.
int Sync(sqlite3_file* /*file*/, int /*flags*/) {
  return Strikes(FileFault::kSync) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return RealMethods(file).xFileSize(RealFile(file), size);
}
int Lock(sqlite3_file* file, int level) { return RealMethods(file).xLock(RealFile(file), level); }
int Unlock(sqlite3_file* file, int level) {
  return RealMethods(file).xUnlock(RealFile(file), level);
}
int CheckReservedLock(sqlite3_file* file, int* result) {
  return RealMethods(file).xCheckReservedLock(RealFile(file), result);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return RealMethods(file).xFileControl(RealFile(file), operation, argument);
}
int SectorSize(sqlite3_file* file) { return RealMethods(file).xSectorSize(RealFile(file)); }
int DeviceCharacteristics(sqlite3_file* file) {
  return RealMethods(file).xDeviceCharacteristics(RealFile(file));
}
int ShmMap(sqlite3_file* file, int page, int page_bytes, int extend, void volatile** memory) {
  if (Strikes(FileFault::kShmMap)) {
    *memory = nullptr;
    return SQLITE_IOERR_SHMMAP;
  }
  return RealMethods(file).xShmMap(RealFile(file), page, page_bytes, extend, memory);
}
int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  return RealMethods(file).xShmLock(RealFile(file), offset, count, flags);
}
void ShmBarrier(sqlite3_file* file) { RealMethods(file).xShmBarrier(RealFile(file)); }
int ShmUnmap(sqlite3_file* file, int delete_it) {
  return RealMethods(file).xShmUnmap(RealFile(file), delete_it);
}

// Version 2: with shared memory, without memory-mapped reads, which could not fail.
constexpr sqlite3_io_methods kMethods = {2,
                                         Close,
                                         Read,
                                         Write,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         DeviceCharacteristics,
                                         ShmMap,
                                         ShmLock,
                                         ShmBarrier,
                                         ShmUnmap,
                                         nullptr,
                                         nullptr};

sqlite3_vfs* Real(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  if (Strikes(FileFault::kOpen)) {
    return SQLITE_CANTOPEN;
  }
  const int result = Real(vfs)->xOpen(Real(vfs), name, RealFile(file), flags, out_flags);
  file->pMethods = RealFile(file)->pMethods == nullptr ? nullptr : &kMethods;
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

sqlite3_vfs& Registered() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs* const real = sqlite3_vfs_find("unix");
    GL_CHECK(real != nullptr, "SQLite without its file system");
    sqlite3_vfs wrapper{};
    wrapper.iVersion = 2;
    wrapper.szOsFile = static_cast<int>(sizeof(File)) + real->szOsFile;
    wrapper.mxPathname = real->mxPathname;
    wrapper.zName = kName;
    wrapper.pAppData = real;
    wrapper.xOpen = Open;
    wrapper.xDelete = Delete;
    wrapper.xAccess = Access;
    wrapper.xFullPathname = FullPathname;
    wrapper.xRandomness = Randomness;
    wrapper.xSleep = Sleep;
    wrapper.xCurrentTime = CurrentTime;
    wrapper.xGetLastError = GetLastError;
    wrapper.xCurrentTimeInt64 = CurrentTimeInt64;
    return wrapper;
  }();
  return vfs;
}

}  // namespace

std::string_view FileFaultName(FileFault fault) {
  switch (fault) {
    case FileFault::kWrite:
      return "write";
    case FileFault::kDiskFull:
      return "disk full";
    case FileFault::kSync:
      return "sync";
    case FileFault::kRead:
      return "read";
    case FileFault::kTruncate:
      return "truncate";
    case FileFault::kShmMap:
      return "shm map";
    case FileFault::kOpen:
      return "open";
  }
  return "?";
}

FaultVfs::FaultVfs() {
  GL_CHECK(g_faults.exchange(this) == nullptr, "one file system with faults at a time");
  GL_CHECK(sqlite3_vfs_register(&Registered(), /*makeDflt=*/1) == SQLITE_OK, "registered");
}

FaultVfs::~FaultVfs() {
  GL_CHECK(sqlite3_vfs_unregister(&Registered()) == SQLITE_OK, "unregistered");
  g_faults = nullptr;
}

void FaultVfs::Arm(FileFault fault, int nth, int count) {
  struck_ = false;
  calls_ = 0;
  nth_ = nth;
  count_ = count;
  fault_ = static_cast<int>(fault);
}

bool FaultVfs::Disarm() {
  fault_ = -1;
  return struck_;
}

bool FaultVfs::Strikes(FileFault fault) {
  if (fault_ != static_cast<int>(fault)) {
    return false;
  }
  const int call = ++calls_;
  const bool strikes = call >= nth_ && call - nth_ < count_;
  if (strikes) {
    struck_ = true;
  }
  return strikes;
}

}  // namespace genledger
