// A pgbouncer in transaction mode in front of a private PostgreSQL.
#pragma once

#include <sys/types.h>

#include <string>

#include "tests/storage/private_postgres.h"

namespace genledger {

// Reached by a socket in the server's directory. Ends with this object.
class PrivatePooler {
 public:
  static constexpr char kBinary[] = "/usr/sbin/pgbouncer";

  PrivatePooler(const PrivatePostgres& server, const std::string& database);
  ~PrivatePooler();
  PrivatePooler(const PrivatePooler&) = delete;
  PrivatePooler& operator=(const PrivatePooler&) = delete;

  // What --store takes.
  std::string Location() const;

 private:
  const std::string directory_;
  const std::string database_;
  pid_t pid_ = 0;
};

}  // namespace genledger
