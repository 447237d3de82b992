#include "tests/storage/private_postgres.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/base/check.h"

namespace genledger {
namespace {

constexpr char kBinaries[] = "/usr/lib/postgresql/15/bin/";
constexpr absl::Duration kStartDeadline = absl::Minutes(1);

// In the child: PostgreSQL refuses to run as root.
void BecomePostgres() {
  if (getuid() != 0) {
    return;
  }
  const passwd* const user = getpwnam("postgres");
  GL_CHECK(user != nullptr && setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0,
           "the package's user postgres");
}

void RunToEnd(const std::vector<std::string>& arguments, const std::string& log) {
  int status = 0;
  GL_CHECK(waitpid(PrivatePostgres::Spawn(arguments, log), &status, 0) > 0 && status == 0,
           "a program of PostgreSQL's failed");
}

std::vector<pid_t> ChildrenOf(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/task/", pid, "/children"));
  std::vector<pid_t> children;
  for (pid_t child = 0; file >> child;) {
    children.push_back(child);
  }
  return children;
}

}  // namespace

pid_t PrivatePostgres::Spawn(const std::vector<std::string>& arguments, const std::string& log) {
  const pid_t pid = fork();
  GL_CHECK(pid >= 0, "fork");
  if (pid != 0) {
    return pid;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  BecomePostgres();
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  setenv("LC_ALL", "C", 1);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  execv(argv.front(), argv.data());
  _exit(127);
}

bool PrivatePostgres::IsInstalled() {
  return access(absl::StrCat(kBinaries, "postgres").c_str(), X_OK) == 0;
}

std::unique_ptr<PrivatePostgres> PrivatePostgres::Start() {
  // Not under Bazel's directory: a socket's path holds 107 bytes at most.
  std::string directory = "/tmp/genledger_pg_XXXXXX";
  GL_CHECK(mkdtemp(directory.data()) != nullptr, "a temporary directory");
  if (getuid() == 0) {
    const passwd* const user = getpwnam("postgres");
    GL_CHECK(user != nullptr && chown(directory.c_str(), user->pw_uid, user->pw_gid) == 0,
             "the package's user postgres");
  }
  std::unique_ptr<PrivatePostgres> server(new PrivatePostgres(directory));
  RunToEnd({absl::StrCat(kBinaries, "initdb"), "-D", directory + "/data", "-A", "trust", "-U",
            "postgres", "--no-locale", "-E", "UTF8"},
           directory + "/log");
  server->Configure("max_connections = 200");
  // What is killed here are processes: what they have written is in the kernel's hands.
  server->Configure("fsync = off");
  server->Boot();
  return server;
}

PrivatePostgres& PrivatePostgres::Shared() {
  static std::unique_ptr<PrivatePostgres> server = Start();
  return *server;
}

PrivatePostgres::~PrivatePostgres() {
  Kill();
  std::error_code ignored;  // the test has said what it had to say
  std::filesystem::remove_all(directory_, ignored);
}

void PrivatePostgres::Boot() {
  pid_ = Spawn({absl::StrCat(kBinaries, "postgres"), "-D", directory_ + "/data", "-k", directory_,
                "-c", "listen_addresses="},
               directory_ + "/log");
  const absl::Time deadline = absl::Now() + kStartDeadline;
  const std::string ready =
      absl::StrCat(kBinaries, "pg_isready -q -h ", directory_, " >/dev/null 2>&1");
  while (std::system(ready.c_str()) != 0) {
    GL_CHECK(absl::Now() < deadline, "PostgreSQL did not start");
    absl::SleepFor(absl::Milliseconds(10));
  }
}

void PrivatePostgres::Kill() {
  if (pid_ == 0) {
    return;
  }
  // Its processes have sessions of their own, and would keep its shared memory for a while.
  const std::vector<pid_t> children = ChildrenOf(pid_);
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
  for (const pid_t child : children) {
    kill(child, SIGKILL);
  }
  const absl::Time deadline = absl::Now() + kStartDeadline;
  for (const pid_t child : children) {
    while (kill(child, 0) == 0) {
      GL_CHECK(absl::Now() < deadline, "a process of PostgreSQL did not end");
      absl::SleepFor(absl::Milliseconds(1));
    }
  }
}

void PrivatePostgres::Restart() { Boot(); }

void PrivatePostgres::Configure(const std::string& line) {
  std::ofstream(directory_ + "/data/postgresql.conf", std::ios::app) << line << "\n";
  if (pid_ != 0) {
    kill(pid_, SIGHUP);
  }
}

std::string PrivatePostgres::NewDatabase() {
  const std::string name = absl::StrCat("ledger_", ++databases_);
  Psql("postgres", absl::StrCat("CREATE DATABASE ", name));
  return name;
}

std::string PrivatePostgres::Location(const std::string& database) const {
  return absl::StrCat("postgresql:host=", directory_, " user=postgres dbname=", database);
}

std::string PrivatePostgres::Psql(const std::string& database, const std::string& sql) const {
  const std::string command = absl::StrCat("psql -X -q -A -t -v ON_ERROR_STOP=1 -U postgres -h ",
                                           directory_, " -d ", database, " -c \"", sql, "\" 2>&1");
  FILE* const pipe = popen(command.c_str(), "r");
  GL_CHECK(pipe != nullptr, "popen");
  std::string output;
  std::array<char, 4096> buffer;
  while (const size_t length = fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), length);
  }
  if (pclose(pipe) != 0) {
    std::fprintf(stderr, "%s\n%s\n", sql.c_str(), output.c_str());
    GL_CHECK(false, "psql failed");
  }
  absl::StripAsciiWhitespace(&output);
  return output;
}

}  // namespace genledger
