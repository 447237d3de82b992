// What genledgerctl's exit status says; scripts rely on the numbers.
#pragma once

namespace genledger::ctl {

enum class ExitCode {
  kOk = 0,
  kOther = 1,
  kUsage = 2,               // a flag or operand is wrong; nothing was sent
  kInvalidArgument = 3,     // the request breaks a rule
  kNotFound = 4,            // no such submission or service
  kUnavailable = 5,         // no answer, or not now: repeat later
  kConflict = 6,            // the request_id names another payload, or the etag is old
  kFailedPrecondition = 7,  // the upstream refused it, or the state does not allow it
  kOutcomeUnknown = 8,      // it may have been charged; never submit again blindly
  kUnauthenticated = 9,     // no credential, a bad one, or one that may not do this
  kResourceExhausted = 10,  // quota, backlog or the upstream's rate limit
  kPending = 11,            // still on its way: no task_id yet, or a cancel is only requested
  kInterrupted = 130,       // a bulk submit was ended by SIGINT, as shells tell it
  kTerminated = 143,        // … by SIGTERM
};

// The table that every help page ends with.
inline constexpr char kExitCodesHelp[] =
    "   0  ok\n"
    "   1  any other error\n"
    "   2  usage: a flag or operand is wrong; nothing was sent\n"
    "   3  invalid argument: the request breaks a rule\n"
    "   4  not found\n"
    "   5  unavailable, not serving, or no answer in time: repeat later\n"
    "   6  conflict: the request_id names another payload, or the etag is old\n"
    "   7  refused upstream, or the state does not allow it\n"
    "   8  outcome unknown: it may have been charged; do not submit it again blindly\n"
    "   9  no valid credential, or it does not allow this\n"
    "  10  resource exhausted: quota, backlog, or the upstream's rate limit\n"
    "  11  still on its way: no task_id yet, or a cancel is only requested\n";

}  // namespace genledger::ctl
