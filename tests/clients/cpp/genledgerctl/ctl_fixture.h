// What the tests of genledgerctl share.
#pragma once

#include <string>
#include <vector>

#include "tests/clients/cpp/fake_server.h"
#include "tests/clients/cpp/genledgerctl/process.h"

namespace genledger::test {

// Runs the real genledgerctl against `server`, in UTC, its output in pipes.
Finished RunCtl(const FakeServer& server, std::vector<std::string> words,
                const std::string& input = "");

bool Contains(const std::string& text, const std::string& part);

// Writes a file into the test's own directory; returns its path.
std::string WriteFile(const std::string& name, const std::string& content);

// SubmitGeneration answers CREATED with this.
Handlers SubmitAnswering(const v1::Submission& submission);

// SubmitGeneration fails with this, and forbids retries.
Handlers SubmitFailing(const FakeError& error);

}  // namespace genledger::test
