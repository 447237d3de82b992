// The fuzzers of list filters and page tokens.
#include <array>
#include <string>

#include "service/base/check.h"
#include "service/base/error_details.h"
#include "service/dispatch/page_token.h"
#include "service/domain/canonicalize.h"
#include "service/domain/list_filter_match.h"
#include "service/domain/list_filter_parser.h"
#include "service/domain/validate.h"
#include "tests/fuzz/fuzz_targets.h"

namespace genledger {
namespace {

constexpr char kId[] = "sub_01KDVDNA00ABCDEFGHJKMNPQRS";

std::array<Submission, 2> Samples() {
  Submission bare;
  bare.id = SubmissionId(kId);
  Submission full = bare;
  full.spec = Canonicalize({.prompt = "a cat"});
  full.state = SubmissionState::kFailed;
  full.task_id = TaskId("task-1");
  full.request_id = "job-1";
  full.scope = {.tenant = "studio", .upstream_account = "main"};
  full.labels = {{"team", "trailers"}, {"a", "b"}};
  full.failure = Failure{.reason = ErrorReason::kUpstreamUnavailable};
  full.create_time = absl::FromUnixSeconds(1'795'000'000);
  full.update_time = full.create_time + absl::Seconds(1);
  full.submit_time = full.update_time;
  return {std::move(bare), std::move(full)};
}

}  // namespace

void FuzzFilter(std::string_view input) {
  static const std::array<Submission, 2> samples = Samples();
  const absl::StatusOr<ListFilter> filter = ParseListFilter(input);
  if (!filter.ok()) {
    const std::optional<ErrorDetails> details = GetErrorDetails(filter.status());
    GL_CHECK(details.has_value() && details->violations.size() == 1, "one violation");
    GL_CHECK(details->violations[0].description.size() <= kViolationDescriptionBytesMax, "short");
    return;
  }
  GL_CHECK(input.size() <= kFilterBytesMax, "the limit holds");
  GL_CHECK(ParseListFilter(input).value() == *filter, "the same text, the same filter");
  // Fails only where a limit is in the way.
  const absl::StatusOr<ListFilter> negation =
      filter->root.has_value() ? ParseListFilter("NOT (" + std::string(input) + ")")
                               : absl::StatusOr<ListFilter>(absl::NotFoundError("empty"));
  for (const Submission& sample : samples) {
    const bool matches = Matches(*filter, sample);
    GL_CHECK(!negation.ok() || Matches(*negation, sample) != matches, "NOT is not");
    for (const FilterComparison* required : RequiredComparisons(*filter)) {
      const ListFilter alone{.root = FilterNode{.comparison = *required}};
      GL_CHECK(!matches || Matches(alone, sample), "what is required holds for every match");
    }
  }
}

void FuzzPageToken(std::string_view input) {
  constexpr PageScope kScope = {.tenant = "studio", .filter = "", .order_by = "update_time"};
  const absl::StatusOr<ListPosition> read = ReadPageToken(kScope, input);
  if (read.ok()) {
    GL_CHECK(IsSubmissionId(read->id.value()), "an id comes out");
    GL_CHECK(ReadPageToken(kScope, MakePageToken(kScope, *read)).value() == *read, "again");
  }
  int64_t micros = 0;
  for (const char c : input.substr(0, 8)) {
    micros = static_cast<int64_t>((static_cast<uint64_t>(micros) << 8) | static_cast<uint8_t>(c));
  }
  const PageScope scope = {.tenant = "studio", .filter = input, .order_by = "create_time"};
  const ListPosition position = {.id = SubmissionId(kId),
                                 .update_time = absl::FromUnixMicros(micros)};
  const std::string token = MakePageToken(scope, position);
  const absl::StatusOr<ListPosition> back = ReadPageToken(scope, token);
  GL_CHECK(back.ok() && back->id == position.id, "a token reads back");
  GL_CHECK(absl::ToUnixMicros(back->update_time) == micros, "with its time");
  GL_CHECK(!ReadPageToken(kScope, token).ok(), "a token stays with its list");
}

}  // namespace genledger
