// Early returns for absl::Status and absl::StatusOr (Debian's Abseil has none of its own).
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns the status from the enclosing function unless it is OK.
#define GL_RETURN_IF_ERROR(expr)                            \
  do {                                                      \
    if (absl::Status gl_status = (expr); !gl_status.ok()) { \
      return gl_status;                                     \
    }                                                       \
  } while (false)

// Assigns the value of a StatusOr, or returns its status from the enclosing function.
#define GL_ASSIGN_OR_RETURN(lhs, expr) \
  GL_ASSIGN_OR_RETURN_IMPL_(GL_CONCAT_(gl_statusor_, __LINE__), lhs, expr)

#define GL_CONCAT_INNER_(a, b) a##b
#define GL_CONCAT_(a, b) GL_CONCAT_INNER_(a, b)
// tmp and lhs are declarations (`auto x`), which take no parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define GL_ASSIGN_OR_RETURN_IMPL_(tmp, lhs, expr) \
  auto tmp = (expr);                              \
  if (!tmp.ok()) {                                \
    return std::move(tmp).status();               \
  }                                               \
  lhs = *std::move(tmp)
// NOLINTEND(bugprone-macro-parentheses)
