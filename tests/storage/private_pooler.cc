#include "tests/storage/private_pooler.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/base/check.h"

namespace genledger {
namespace {

constexpr int kPort = 6432;  // of the socket's name: nothing is bound to it
constexpr absl::Duration kStartDeadline = absl::Minutes(1);

// The file of a socket is there a moment before anybody listens.
bool Listens(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  GL_CHECK(path.size() < sizeof address.sun_path, "a short path");
  path.copy(address.sun_path, path.size());
  const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  GL_CHECK(file >= 0, "a socket");
  const bool connected =
      connect(file, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(file);
  return connected;
}

}  // namespace

PrivatePooler::PrivatePooler(const PrivatePostgres& server, const std::string& database)
    : directory_(server.directory()), database_(database) {
  const std::string settings = directory_ + "/pgbouncer.ini";
  std::ofstream(settings) << "[databases]\n"
                          << database << " = host=" << directory_ << " user=postgres\n"
                          << "[pgbouncer]\nlisten_addr =\nlisten_port = " << kPort
                          << "\nunix_socket_dir = " << directory_
                          << "\nauth_type = any\npool_mode = transaction\n"
                             "ignore_startup_parameters = extra_float_digits\n";
  pid_ = PrivatePostgres::Spawn({kBinary, settings}, directory_ + "/pgbouncer.log");
  const std::string socket = absl::StrCat(directory_, "/.s.PGSQL.", kPort);
  const absl::Time deadline = absl::Now() + kStartDeadline;
  while (!Listens(socket)) {
    GL_CHECK(absl::Now() < deadline, "pgbouncer did not start");
    absl::SleepFor(absl::Milliseconds(10));
  }
}

PrivatePooler::~PrivatePooler() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::string PrivatePooler::Location() const {
  return absl::StrCat("postgresql:host=", directory_, " port=", kPort,
                      " user=postgres dbname=", database_);
}

}  // namespace genledger
