// GL_CHECK: ends the process when one of our own invariants is broken (Debian's Abseil has no
// absl/log).
#pragma once

#include <cstdio>
#include <cstdlib>

// For our bugs only; what the world does wrong (disk, peer, upstream, caller) is an absl::Status.
#define GL_CHECK(condition, message)                                                          \
  do {                                                                                        \
    if (!(condition)) [[unlikely]] {                                                          \
      std::fprintf(stderr, "%s:%d: broken invariant: %s (%s)\n", __FILE__, __LINE__, message, \
                   #condition);                                                               \
      std::abort();                                                                           \
    }                                                                                         \
  } while (false)
