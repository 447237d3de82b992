#include "tests/clients/cpp/genledgerctl/ctl_fixture.h"

#include <cstdlib>
#include <fstream>

namespace genledger::test {

Finished RunCtl(const FakeServer& server, std::vector<std::string> words,
                const std::string& input) {
  words.insert(words.begin(), Genledgerctl());
  return RunProcess(words, {"GENLEDGER_SERVER=" + server.address(), "TZ=UTC"}, input);
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string WriteFile(const std::string& name, const std::string& content) {
  const char* const directory = std::getenv("TEST_TMPDIR");
  std::string path = std::string(directory == nullptr ? "/tmp" : directory) + "/" + name;
  std::ofstream(path) << content;
  return path;
}

Handlers SubmitAnswering(const v1::Submission& submission) {
  return {.submit = [submission](grpc::ServerContext&, const v1::SubmitGenerationRequest&,
                                 v1::SubmitGenerationResponse& response) {
    *response.mutable_submission() = submission;
    response.set_dedupe(v1::SubmitGenerationResponse::DEDUPE_CREATED);
    return grpc::Status::OK;
  }};
}

Handlers SubmitFailing(const FakeError& error) {
  return {.submit = [error](grpc::ServerContext& context, const v1::SubmitGenerationRequest&,
                            v1::SubmitGenerationResponse&) {
    context.AddTrailingMetadata("grpc-retry-pushback-ms", "-1");
    return ToStatus(error);
  }};
}

}  // namespace genledger::test
