#include "service/telemetry/json_logger.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <string>

namespace genledger {
namespace {

class JsonLogger : public Logger {
 public:
  JsonLogger() : log_("genledger", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    log_.set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                     spdlog::pattern_time_type::utc);
    log_.flush_on(spdlog::level::info);
  }

  void Log(Severity severity, std::string_view event,
           std::initializer_list<Field> fields) override {
    std::string text = "\"event\":" + Quoted(event);
    for (const auto& [name, value] : fields) {
      text += ',';
      text += Quoted(name);
      text += ':';
      text += Quoted(value);
    }
    log_.log(LevelOf(severity), text);
  }

 private:
  static std::string Quoted(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

  static spdlog::level::level_enum LevelOf(Severity severity) {
    switch (severity) {
      case Severity::kInfo:
        return spdlog::level::info;
      case Severity::kWarning:
        return spdlog::level::warn;
      case Severity::kError:
        return spdlog::level::err;
    }
    return spdlog::level::err;
  }

  spdlog::logger log_;
};

}  // namespace

std::unique_ptr<Logger> NewJsonLogger() { return std::make_unique<JsonLogger>(); }

}  // namespace genledger
