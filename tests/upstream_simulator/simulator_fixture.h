// A simulator in this process and what tests ask of it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/upstream_simulator/upstream_simulator.h"
#include "tests/upstream_simulator/wire_client.h"

namespace genledger {

class SimulatorTest : public ::testing::Test {
 protected:
  // Instead of the default options. Call it first.
  void Start(UpstreamSimulatorOptions options) {
    options.seed = options.seed == 0 ? 7 : options.seed;
    absl::StatusOr<std::unique_ptr<UpstreamSimulator>> started =
        UpstreamSimulator::Start(std::move(options));
    ASSERT_TRUE(started.ok()) << started.status();
    simulator_ = *std::move(started);
  }

  UpstreamSimulator& simulator() {
    if (simulator_ == nullptr) {
      Start({});
    }
    return *simulator_;
  }
  int port() { return simulator().port(); }

  void Script(const std::string& script) {
    const absl::Status status = simulator().SetScript(script);
    ASSERT_TRUE(status.ok()) << status;
  }

  // Submits the page's example on a connection of its own.
  WireReply Submit(std::string_view headers = "", std::string_view key = "sk-simulator") {
    return AskOnce(port(), SubmitBytes(PageExample(), headers, key));
  }

  PostRecord LastPost() {
    const std::vector<PostRecord> posts = simulator().posts();
    EXPECT_FALSE(posts.empty());
    return posts.empty() ? PostRecord{} : posts.back();
  }

 private:
  std::unique_ptr<UpstreamSimulator> simulator_;
};

}  // namespace genledger
