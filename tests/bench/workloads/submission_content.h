// What the submissions of a workload ask for: all different, all of one size.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "genledger/v1/generation_service.pb.h"
#include "service/domain/generation_spec.h"

namespace genledger::bench {

// The content of row `row` of a series. The same in every run; different rows and different series
// have different contents. Pure.
GenerationSpec ContentOf(std::string_view series, int64_t row);

std::string RequestIdOf(std::string_view series, int64_t row);

// The request that submits it, without a request_id.
void FillSubmit(std::string_view series, int64_t row, v1::SubmitGenerationRequest& request);

// For the head of a report.
std::string DescribeContent();

}  // namespace genledger::bench
