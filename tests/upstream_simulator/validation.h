// The upstream's own check of a submit body: the rules of its page and nothing else. Written apart
// from the ledger's validation on purpose, so that the two can disagree in a test.
#pragma once

#include <string>
#include <string_view>

namespace genledger {

struct SubmitCheck {
  // Empty: the page allows it. Else which rule it breaks, in words for the error message.
  std::string fault;
  // The prompt, unescaped; empty if the body has none.
  std::string prompt;
};

// Pure. The body is checked for being one JSON object in UTF-8, then field by field; unknown fields
// and null values are ignored, as the upstream ignores them.
SubmitCheck CheckSubmitBody(std::string_view body);

}  // namespace genledger
