// Submissions for people.
#pragma once

#include <string>

#include "clients/cpp/genledgerctl/global_flags.h"
#include "clients/cpp/genledgerctl/table.h"
#include "clients/cpp/genledgerctl/terminal.h"
#include "genledger/v1/generation.pb.h"
#include "genledger/v1/generation_service.pb.h"

namespace genledger::ctl {

// One submission as "name  value" lines; unset fields are left out. `dedupe` is the outcome of the
// submit that it answers, or DEDUPE_UNSPECIFIED. Attempts, if it has any, follow as a table.
std::string SubmissionText(const v1::Submission& submission,
                           v1::SubmitGenerationResponse::Dedupe dedupe, const Terminal& terminal);

// One submission in the form that was asked for.
void PrintSubmission(const v1::Submission& submission, Output output, const Terminal& terminal);

// What validate_only answered.
std::string PreviewText(const v1::SubmitGenerationResponse::Preview& preview,
                        const Terminal& terminal);

// A table of submissions, to be filled with AddSubmission.
Table SubmissionTable(bool color);
void AddSubmission(const v1::Submission& submission, Table& table);

// The task_id, or the submission's id as long as it has none; escaped.
std::string TaskIdOrId(const v1::Submission& submission);

// "0..1": how many POSTs the upstream has certainly, and may have, accepted.
std::string ChargesText(const v1::Submission& submission);

// "SUBMITTED"; "STATE_99" for a number that this binary does not know.
std::string StateName(v1::Submission::State state);

}  // namespace genledger::ctl
