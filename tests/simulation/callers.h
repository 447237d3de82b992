// Everybody who calls the service: workers who submit, repeat, join, wait, hang up, cancel and
// release, and operators who settle unknown outcomes by evidence.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "service/base/principal.h"
#include "service/dispatch/submission_service.h"
#include "service/dispatch/submission_watch.h"
#include "tests/simulation/replica.h"
#include "tests/simulation/scene.h"

namespace genledger::simulation {

// Not thread safe.
class Callers {
 public:
  // `choose` names a replica that serves, or nullptr.
  Callers(const Scene* scene, std::function<Replica*()> choose)
      : s_(*scene), choose_(std::move(choose)) {}

  // They act from now on, each time after a while.
  void Start() { ActLater(); }
  void Stop() { stopped_ = true; }

  // Calls that a replica has begun and, though alive, not answered.
  std::vector<std::string> Unanswered(const std::function<bool(Owner)>& alive) const;

 private:
  // A call that is waiting for its answer.
  struct OpenCall {
    std::string what;
    Owner process = kWorld;
  };

  void ActLater();
  void Act();
  void Submit();
  void Repeat();
  void SendSubmit(const std::string& tenant, const SubmitInput& input);
  void BeginSubmit(Replica* replica, const std::string& tenant, SubmitInput input);
  void HangUpLater(Replica* replica, uint64_t call, std::shared_ptr<CallHandle> handle);
  void Read();
  void Watch();
  void Pull(Replica* replica, std::shared_ptr<SubmissionWatch> watch, int64_t revision, int left);
  void Cancel();
  void Release();
  void Resolve();
  void Retry();

  SubmitInput DrawInput();
  // A submission in one of these states; nullptr if there is none.
  const Row* Pick(std::initializer_list<SubmissionState> states);
  // What an operator who looks at the upstream's own list decides; nullopt while he cannot know.
  std::optional<Resolution> Judge(const Row& row);
  // Runs `call` in the process, after a way there.
  void Go(Replica* replica, std::string_view what, EventLoop::Callback call);
  template <typename T>
  auto Answered(uint64_t call, CallerKey key);

  const Scene s_;
  const std::function<Replica*()> choose_;
  bool stopped_ = false;
  uint64_t last_call_ = 0;
  std::map<uint64_t, OpenCall> open_;
  // What was asked for lately, to be repeated: by tenant.
  std::vector<std::pair<std::string, SubmitInput>> wishes_;
};

}  // namespace genledger::simulation
