// A worker that may be killed at any time: worker JOBS [SERVER].
//
// JOBS is a file of lines such as {"job": "order-17", "spec": {"prompt": "a dolphin"}}. Each job's
// request_id is made of its name, so the ledger knows what was done: the worker keeps no state, and
// started again it submits every job again and pays for none of them twice. Prints one JSON line
// for each job.

#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

namespace {

using genledger::client::Client;
using genledger::client::Result;
using genledger::v1::SubmitGenerationRequest;
using genledger::v1::SubmitGenerationResponse;
using google::protobuf::Struct;

// Where the server does not say when to ask again.
constexpr absl::Duration kAskAgain = absl::Seconds(1);

// nullopt: the line is no job.
std::optional<SubmitGenerationRequest> RequestFromLine(const std::string& line) {
  Struct job;
  if (!google::protobuf::util::JsonStringToMessage(line, &job).ok() ||
      job.fields().count("job") == 0 || job.fields().count("spec") == 0) {
    return std::nullopt;
  }
  const std::string& name = job.fields().at("job").string_value();
  std::string spec;
  SubmitGenerationRequest request;
  request.set_request_id("example-worker:" + name);
  (*request.mutable_labels())["job"] = name;
  if (!google::protobuf::util::MessageToJsonString(job.fields().at("spec"), &spec).ok() ||
      !google::protobuf::util::JsonStringToMessage(spec, request.mutable_spec()).ok()) {
    return std::nullopt;
  }
  return request;
}

bool NotNow(const genledger::client::Error& error) {
  return error.code == grpc::StatusCode::UNAVAILABLE ||
         error.code == grpc::StatusCode::RESOURCE_EXHAUSTED ||
         error.code == grpc::StatusCode::DEADLINE_EXCEEDED;
}

// Repeats the same request until it has a task_id, or an answer that no repeat changes. Among those
// is an unknown outcome: an operator finds out, and a new request_id might pay twice.
Result<SubmitGenerationResponse> SubmitUntilAnswered(Client& client,
                                                     const SubmitGenerationRequest& request) {
  for (;;) {
    Result<SubmitGenerationResponse> answer = client.Submit(request);
    if (answer.ok() ? !answer->submission().task_id().empty() : !NotNow(answer.error())) {
      return answer;
    }
    absl::SleepFor(answer.ok() ? kAskAgain : answer.error().retry_delay.value_or(kAskAgain));
  }
}

void Set(Struct& object, const std::string& name, const std::string& value) {
  (*object.mutable_fields())[name].set_string_value(value);
}

// What became of one job.
void Run(Client& client, const SubmitGenerationRequest& request) {
  const Result<SubmitGenerationResponse> answer = SubmitUntilAnswered(client, request);
  Struct told;
  Set(told, "job", request.labels().at("job"));
  if (answer.ok()) {
    Set(told, "task_id", answer->submission().task_id());
  } else {
    Set(told, "error", answer.error().reason);
    Set(told, "message", answer.error().message);
  }
  std::string json;
  if (google::protobuf::util::MessageToJsonString(told, &json).ok()) {
    std::cout << json << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: worker JOBS [SERVER]\n";
    return 2;
  }
  genledger::client::ClientOptions options;
  if (argc > 2) {
    options.server = argv[2];
  }
  Result<std::unique_ptr<Client>> client = Client::Create(options);
  std::ifstream jobs(argv[1]);
  if (!client.ok() || !jobs.good()) {
    std::cerr << (client.ok() ? "cannot read the jobs" : client.error().message) << "\n";
    return 2;
  }
  for (std::string line; std::getline(jobs, line);) {
    if (const auto request = RequestFromLine(line); request.has_value()) {
      Run(**client, *request);
    } else {
      std::cerr << "not a job: " << line << "\n";
    }
  }
  return 0;
}
