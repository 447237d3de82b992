// Where log records go; the implementation is service/telemetry's.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace genledger {

enum class Severity { kInfo, kWarning, kError };

// Thread safe. Never call it under a lock. Prompts, credentials and URL queries never go in.
class Logger {
 public:
  using Field = std::pair<std::string_view, std::string>;

  virtual ~Logger() = default;

  // One record: `event` is a constant in snake_case that can be searched for; fields carry what
  // varies.
  virtual void Log(Severity severity, std::string_view event,
                   std::initializer_list<Field> fields) = 0;
};

}  // namespace genledger
