// A logger that keeps nothing.
#pragma once

#include <initializer_list>
#include <string_view>

#include "service/base/logger.h"

namespace genledger {

class NullLogger : public Logger {
 public:
  void Log(Severity /*severity*/, std::string_view /*event*/,
           std::initializer_list<Field> /*fields*/) override {}
};

}  // namespace genledger
