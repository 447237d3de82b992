// What a simulated task goes through after its submit, and in which shapes its status is told.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace genledger {

struct TaskLife {
  enum class Outcome {
    kCompleted,
    kFailed,
    kCancelled,
    kStuck,     // stays in processing
    kVanished,  // after pending and processing: unknown id
  };
  enum class UrlShape { kArray, kString, kMissing };
  enum class ErrorShape { kObject, kString, kNested, kErrorMessage };

  // Ages at which the status moves on: unknown -> pending -> processing -> the outcome.
  absl::Duration unknown_for;  // a fresh id that the status route does not know yet
  absl::Duration pending_for = absl::Seconds(1);
  absl::Duration processing_for = absl::Seconds(2);
  Outcome outcome = Outcome::kCompleted;

  // The words told for the three documented phases; empty: "pending", "processing", the outcome's.
  std::string pending_word;
  std::string processing_word;
  std::string outcome_word;

  UrlShape url_shape = UrlShape::kArray;
  ErrorShape error_shape = ErrorShape::kObject;
  bool progress_as_text = false;  // "45%"
  bool cost_as_text = false;
  bool without_cost = false;
  bool urls_although_failed = false;
  bool data_as_array = false;
  bool other_id = false;  // data.id is not the id asked for
  std::string error_code = "content_policy_violation";
  std::string error_message = "The prompt was flagged by moderation.";
  // The status route answers this HTTP status with the page's envelope instead; 0: it does not.
  int http_status = 0;
  // 200 with this body instead; empty: it does not.
  std::string body;
};

}  // namespace genledger
