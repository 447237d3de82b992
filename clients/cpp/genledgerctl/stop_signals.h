// Ctrl-C and SIGTERM as something to ask for, so that what was done can be told before the end.
#pragma once

#include <signal.h>

#include <optional>

namespace genledger::ctl {

// From its construction on, SIGINT and SIGTERM wait for Received, in this thread and in those that
// it starts meanwhile; a signal that is ignored stays ignored. For one thread.
class StopSignals {
 public:
  StopSignals();
  // Signals that nobody asked for take their effect.
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // The number of a signal that has come; nullopt: none has. Once one was told, the next ends the
  // process as if this were not there.
  std::optional<int> Received();

 private:
  sigset_t waiting_;
  sigset_t before_;
};

}  // namespace genledger::ctl
