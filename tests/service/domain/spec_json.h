// Specs and odd strings as the vector files write them (validation_vectors.json says how).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "service/domain/generation_spec.h"

namespace genledger::testing {

// The whole file, parsed; ends the test program if it is missing or no JSON.
nlohmann::json ReadJsonFile(const std::string& path);

// A string, {"hex": …}, {"repeat": …, "times": …} or {"join": […]}.
std::string BytesFromJson(const nlohmann::json& json);

// Missing and null keys are absent fields; a number such as 8.0 is the integer.
GenerationSpec SpecFromJson(const nlohmann::json& json);

}  // namespace genledger::testing
