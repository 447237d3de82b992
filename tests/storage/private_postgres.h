// A PostgreSQL of a test's own: its cluster in a temporary directory, reached by a socket there.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

namespace genledger {

// Ends the server and removes the directory with it. Not thread safe.
class PrivatePostgres {
 public:
  // Whether Debian's PostgreSQL 15 is installed.
  static bool IsInstalled();
  // initdb and start, as user postgres where this is root, which PostgreSQL refuses. About a
  // second.
  static std::unique_ptr<PrivatePostgres> Start();
  // The one of this test binary, started at the first call and ended with the process.
  static PrivatePostgres& Shared();

  ~PrivatePostgres();
  PrivatePostgres(const PrivatePostgres&) = delete;
  PrivatePostgres& operator=(const PrivatePostgres&) = delete;

  // A new, empty database.
  std::string NewDatabase();
  // What --store takes.
  std::string Location(const std::string& database) const;
  // Runs psql; what it printed, unaligned and without headers. Ends the process if it failed.
  std::string Psql(const std::string& database, const std::string& sql) const;

  // kill -9 of the server with all of its processes, and its start from what is on disk.
  void Kill();
  void Restart();
  // A line into postgresql.conf, read at once.
  void Configure(const std::string& line);

  // Starts a program as the server's user; ends it with the test.
  static pid_t Spawn(const std::vector<std::string>& arguments, const std::string& log);

  const std::string& directory() const { return directory_; }

 private:
  explicit PrivatePostgres(std::string directory) : directory_(std::move(directory)) {}

  void Boot();

  const std::string directory_;
  pid_t pid_ = 0;
  int databases_ = 0;
};

}  // namespace genledger
