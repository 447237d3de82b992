// A file of jobs, one JSON object a line, as requests.
#pragma once

#include <cstdint>
#include <istream>
#include <map>
#include <optional>
#include <string>

#include "clients/cpp/result.h"
#include "genledger/v1/generation_service.pb.h"

namespace genledger::ctl {

struct BulkJob {
  int64_t line = 0;  // from 1
  std::string text;  // of the line, without white space around it
  // INVALID_ARGUMENT: the line is no job; nothing of it was sent.
  client::Result<v1::SubmitGenerationRequest> request;
};

// Each line is the upstream's own JSON body (a GenerationSpec), or a SubmitGenerationRequest. Blank
// lines, and a byte order mark at the beginning, are passed over. A line without a request_id gets
// one that is made of its content and of how often that content came before: the same file, read
// again, makes the same request_ids, in whatever order its lines stand. Not thread safe.
class BulkReader {
 public:
  // `defaults` is what the lines do not say; its spec is not looked at. `in` must outlive it.
  BulkReader(std::istream& in, v1::SubmitGenerationRequest defaults);

  // nullopt: the end.
  std::optional<BulkJob> Next();

 private:
  client::Result<v1::SubmitGenerationRequest> ToRequest(const std::string& text);
  std::string MakeRequestId(const std::string& text);

  std::istream& in_;
  v1::SubmitGenerationRequest defaults_;
  int64_t line_ = 0;
  std::map<std::string, int64_t> occurrences_;  // by what of the request_id is made of content
};

// How many jobs BulkReader will find; reads `in` to its end.
int64_t CountJobs(std::istream& in);

}  // namespace genledger::ctl
