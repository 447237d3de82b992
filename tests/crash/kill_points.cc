// A library for LD_PRELOAD that ends the server with SIGKILL at a named point of its I/O, so that
// the server itself needs no switch for it. SQLite, libpq and libcurl do their I/O through the C
// library's functions, which are wrapped here. Set up by the environment:
//
//   KILL_POINT                one of the names below; unset: nothing is killed
//   KILL_POINT_AT             the n-th occurrence, from 1 on
//   KILL_POINT_GATE           occurrences count only from the moment when this file exists
//   KILL_POINT_REPORT         the file that the name is written to right before the end
//   KILL_POINT_UPSTREAM_PORT  whose connections are the upstream's (plaintext HTTP/1.1)
//   KILL_POINT_STORE_PORT     whose connections are PostgreSQL's (not encrypted)
//   WAL_FULL_WHILE            as long as this file exists, pwrite to the WAL fails with ENOSPC
//   STORE_CUT_WHILE           as long as this file exists, nothing can be sent to PostgreSQL
//
// The names. A file is known by its name: the WAL ends in "-wal", the database in ".db", and that
// of the receipt journal contains "receipts".
//
//   wal_write_before, wal_write_half, wal_write_after       pwrite to the WAL
//   wal_sync_before, wal_sync_after                         fdatasync of the WAL
//   wal_read                                                pread of the WAL (recovery reads it
//   all) checkpoint_write                                        pwrite to the database
//   store_commit_before, store_commit_half, store_commit_after
//                                                           a send to PostgreSQL with a COMMIT in
//                                                           it
//   store_commit_answered                                   its answer was received
//   receipt_write_half, receipt_write_after                 pwrite to the receipt journal
//   receipt_sync_after                                      fdatasync of the receipt journal
//   upstream_connected                                      before the first byte on a connection
//   upstream_half_sent                                      half of a POST's last send has left
//   upstream_all_sent                                       the last byte has left
//   upstream_answered                                       an answer, or a part of it, came
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int NumberOf(const std::string& text) { return std::atoi(text.c_str()); }

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

struct Plan {
  std::string point = Environment("KILL_POINT");
  int at = NumberOf(Environment("KILL_POINT_AT"));
  std::string gate = Environment("KILL_POINT_GATE");
  std::string report = Environment("KILL_POINT_REPORT");
  int upstream_port = NumberOf(Environment("KILL_POINT_UPSTREAM_PORT"));
  int store_port = NumberOf(Environment("KILL_POINT_STORE_PORT"));
  std::string wal_full_while = Environment("WAL_FULL_WHILE");
  std::string store_cut_while = Environment("STORE_CUT_WHILE");
};

// Never destroyed: threads go on while the process exits.
const Plan& ThePlan() {
  static const Plan* const plan = new Plan;
  return *plan;
}

[[noreturn]] void Die(const Plan& plan) {
  const int fd = open(plan.report.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  // A report that is missing fails the test.
  (void)!write(fd, plan.point.data(), plan.point.size());
  kill(getpid(), SIGKILL);
  while (true) {
    pause();
  }
}

// Whether this very occurrence of `point` is the one to die at.
bool IsDue(std::string_view point) {
  static std::atomic<int> occurrences{0};
  const Plan& plan = ThePlan();
  if (plan.point != point || (!plan.gate.empty() && !Exists(plan.gate))) {
    return false;
  }
  return ++occurrences == plan.at;
}

void Reach(std::string_view point) {
  if (IsDue(point)) {
    Die(ThePlan());
  }
}

enum class FileKind { kOther, kWal, kDatabase, kReceipts };

FileKind KindOf(int fd) {
  char target[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t bytes = readlink(link.c_str(), target, sizeof(target));
  std::string_view path(target, bytes < 0 ? 0 : static_cast<size_t>(bytes));
  path.remove_prefix(std::min(path.size(), path.rfind('/') + 1));
  if (path.ends_with("-wal")) {
    return FileKind::kWal;
  }
  if (path.find("receipts") != std::string_view::npos) {
    return FileKind::kReceipts;
  }
  return path.ends_with(".db") ? FileKind::kDatabase : FileKind::kOther;
}

// What PostgreSQL calls the end of a transaction, in the statement and in its answer.
constexpr std::string_view kCommit("COMMIT\0", 7);

// How far the POST that is being sent on a connection has come.
struct Connection {
  bool fresh = true;  // nothing was sent yet
  std::string head;   // as far as it was sent, until it is whole
  size_t body_bytes_left = 0;
};

std::mutex connections_mu;
// Never destroyed, like the plan.
std::unordered_map<int, Connection>& connections =
    *new std::unordered_map<int, Connection>;  // by descriptor
std::unordered_set<int>& store_connections = *new std::unordered_set<int>;

// Of a head with its empty line; 0 if there is none.
size_t ContentLength(std::string_view head) {
  constexpr std::string_view kName = "\r\nContent-Length: ";
  const size_t start = head.find(kName);
  return start == std::string_view::npos
             ? 0
             : std::strtoul(head.data() + start + kName.size(), nullptr, 10);
}

// `connection` after `bytes` more were sent.
Connection After(Connection connection, std::string_view bytes) {
  connection.fresh = false;
  if (connection.body_bytes_left > 0) {
    connection.body_bytes_left -= std::min(connection.body_bytes_left, bytes.size());
    return connection;
  }
  connection.head += bytes;
  const size_t end = connection.head.find("\r\n\r\n");
  if (end != std::string::npos) {
    const size_t request_bytes = end + 4 + ContentLength(connection.head);
    connection.body_bytes_left = request_bytes - std::min(request_bytes, connection.head.size());
    connection.head.clear();
  }
  return connection;
}

bool IsBetweenRequests(const Connection& connection) {
  return connection.head.empty() && connection.body_bytes_left == 0;
}

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

using SendFunction = ssize_t(int, const void*, size_t, int);

ssize_t SendUpstream(SendFunction* next, int fd, const Connection& before, std::string_view bytes,
                     int flags) {
  if (before.fresh) {
    Reach("upstream_connected");
  }
  if (IsBetweenRequests(After(before, bytes)) && IsDue("upstream_half_sent")) {
    next(fd, bytes.data(), bytes.size() / 2, flags);
    Die(ThePlan());
  }
  const ssize_t sent = next(fd, bytes.data(), bytes.size(), flags);
  if (sent <= 0) {
    return sent;
  }
  Connection after = After(before, bytes.substr(0, static_cast<size_t>(sent)));
  if (IsBetweenRequests(after)) {
    Reach("upstream_all_sent");
  }
  const std::lock_guard<std::mutex> lock(connections_mu);
  connections[fd] = std::move(after);
  return sent;
}

bool IsStore(int fd) {
  const std::lock_guard<std::mutex> lock(connections_mu);
  return store_connections.contains(fd);
}

bool StoreIsCut() {
  const std::string& cut_while = ThePlan().store_cut_while;
  return !cut_while.empty() && Exists(cut_while);
}

ssize_t SendToStore(SendFunction* next, int fd, std::string_view bytes, int flags) {
  if (StoreIsCut()) {
    shutdown(fd, SHUT_RDWR);  // or libpq would go on waiting for an answer
    errno = ECONNRESET;
    return -1;
  }
  if (bytes.find(kCommit) == std::string_view::npos) {
    return next(fd, bytes.data(), bytes.size(), flags);
  }
  Reach("store_commit_before");
  if (IsDue("store_commit_half")) {
    next(fd, bytes.data(), bytes.size() / 2, flags);
    Die(ThePlan());
  }
  const ssize_t sent = next(fd, bytes.data(), bytes.size(), flags);
  const int error = errno;
  Reach("store_commit_after");
  errno = error;
  return sent;
}

}  // namespace

extern "C" {

int connect(int fd, const sockaddr* address, socklen_t bytes) {
  static auto* const next = Next<int(int, const sockaddr*, socklen_t)>("connect");
  const int port = address->sa_family == AF_INET
                       ? ntohs(reinterpret_cast<const sockaddr_in*>(address)->sin_port)
                       : 0;
  {
    // A descriptor comes back for another connection.
    const std::lock_guard<std::mutex> lock(connections_mu);
    connections.erase(fd);
    store_connections.erase(fd);
    if (port != 0 && port == ThePlan().upstream_port) {
      connections[fd] = Connection();
    }
    if (port != 0 && port == ThePlan().store_port) {
      store_connections.insert(fd);
    }
  }
  return next(fd, address, bytes);
}

ssize_t send(int fd, const void* data, size_t bytes, int flags) {
  static auto* const next = Next<SendFunction>("send");
  if (IsStore(fd)) {
    return SendToStore(next, fd, {static_cast<const char*>(data), bytes}, flags);
  }
  Connection connection;
  {
    const std::lock_guard<std::mutex> lock(connections_mu);
    const auto found = connections.find(fd);
    if (found == connections.end()) {
      return next(fd, data, bytes, flags);
    }
    connection = found->second;
  }
  return SendUpstream(next, fd, connection, {static_cast<const char*>(data), bytes}, flags);
}

ssize_t recv(int fd, void* data, size_t bytes, int flags) {
  static auto* const next = Next<ssize_t(int, void*, size_t, int)>("recv");
  const ssize_t received = next(fd, data, bytes, flags);
  // libcurl peeks to see whether a connection is alive.
  if (received > 0 && (flags & MSG_PEEK) == 0) {
    const int error = errno;
    const std::lock_guard<std::mutex> lock(connections_mu);
    if (connections.contains(fd)) {
      Reach("upstream_answered");
    }
    const std::string_view answer(static_cast<const char*>(data), static_cast<size_t>(received));
    if (store_connections.contains(fd) && answer.find(kCommit) != std::string_view::npos) {
      Reach("store_commit_answered");
    }
    errno = error;
  }
  return received;
}

ssize_t pread64(int fd, void* data, size_t bytes, off64_t offset) {
  static auto* const next = Next<ssize_t(int, void*, size_t, off64_t)>("pread64");
  if (KindOf(fd) == FileKind::kWal) {
    Reach("wal_read");
  }
  return next(fd, data, bytes, offset);
}

ssize_t pwrite64(int fd, const void* data, size_t bytes, off64_t offset) {
  static auto* const next = Next<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  const FileKind kind = KindOf(fd);
  if (kind == FileKind::kDatabase) {
    Reach("checkpoint_write");
  }
  if (kind == FileKind::kWal) {
    const std::string& full_while = ThePlan().wal_full_while;
    if (!full_while.empty() && Exists(full_while)) {
      errno = ENOSPC;
      return -1;
    }
    Reach("wal_write_before");
  }
  if ((kind == FileKind::kWal && IsDue("wal_write_half")) ||
      (kind == FileKind::kReceipts && IsDue("receipt_write_half"))) {
    next(fd, data, bytes / 2, offset);
    Die(ThePlan());
  }
  const ssize_t written = next(fd, data, bytes, offset);
  const int error = errno;
  if (kind == FileKind::kWal) {
    Reach("wal_write_after");
  }
  if (kind == FileKind::kReceipts) {
    Reach("receipt_write_after");
  }
  errno = error;
  return written;
}

// Another name of the same where off_t has 64 bits.
ssize_t pwrite(int fd, const void* data, size_t bytes, off_t offset) {
  return pwrite64(fd, data, bytes, offset);
}

int fdatasync(int fd) {
  static auto* const next = Next<int(int)>("fdatasync");
  const FileKind kind = KindOf(fd);
  if (kind == FileKind::kWal) {
    Reach("wal_sync_before");
  }
  const int result = next(fd);
  const int error = errno;
  if (kind == FileKind::kWal) {
    Reach("wal_sync_after");
  }
  if (kind == FileKind::kReceipts) {
    Reach("receipt_sync_after");
  }
  errno = error;
  return result;
}

}  // extern "C"
