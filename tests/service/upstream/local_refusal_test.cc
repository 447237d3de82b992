#include "service/upstream/local_refusal.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace genledger {
namespace {

TEST(LocalRefusalTest, OursAreToldApartFromTheUpstreams) {
  struct Case {
    std::string code;
    bool ours;
  };
  const std::vector<Case> cases = {
      {std::string(kCodeKeyReplaced), true},
      {std::string(kCodeResendNotRecorded), true},
      {"shutting_down", true},
      {"queue_full", true},
      {"start_too_late", true},
      {"bad_header", true},
      {"internal", true},
      {"", false},
      {"connect_failed", false},
      {"connect_timeout", false},
      {"resolve_failed", false},
      {"tls_failed", false},
      {"timeout", false},
      {"connection_lost", false},
  };
  for (const Case& c : cases) {
    for (const AttemptClass outcome : {AttemptClass::kNotSent, AttemptClass::kAmbiguous}) {
      AttemptResult result = {.outcome = outcome, .upstream_code = c.code};
      EXPECT_EQ(IsLocalRefusal(result), c.ours) << c.code;
      // The same word from the upstream is the upstream's.
      result.http_status = 503;
      EXPECT_FALSE(IsLocalRefusal(result)) << c.code;
    }
  }
}

}  // namespace
}  // namespace genledger
