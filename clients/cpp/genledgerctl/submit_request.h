// From the flags of `submit` to its request.
#pragma once

#include <istream>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "clients/cpp/genledgerctl/arguments.h"
#include "clients/cpp/result.h"
#include "genledger/v1/generation_service.pb.h"

namespace genledger::ctl {

std::span<const FlagSpec> SubmitFlagSpecs();

// The page's own JSON body as a spec: unknown fields and text that is not JSON are
// INVALID_ARGUMENT; what is absent stays absent. (As protobuf reads JSON: null is absent, camelCase
// names too.)
client::Result<v1::GenerationSpec> SpecFromJson(const std::string& json);

// Everything but --spec_json. A flag that is given empty is present and empty; one that is not
// given stays absent, --wait excepted (kWaitDefault). `in` is read for "--prompt -" and
// "--prompt_file -". INVALID_ARGUMENT, one line that names the flag: a value or a combination of
// flags that says nothing. Whether the server takes the values is the server's to say.
absl::StatusOr<v1::SubmitGenerationRequest> SubmitRequestFromFlags(const Arguments& arguments,
                                                                   std::istream& in);

// The content of a file, or of `in` for "-". INVALID_ARGUMENT if it cannot be read, is too large
// (client::kSmallFileBytesMax) or is not UTF-8.
absl::StatusOr<std::string> ReadTextInput(const std::string& path, std::istream& in);

}  // namespace genledger::ctl
