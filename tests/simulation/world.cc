#include "tests/simulation/world.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/check.h"
#include "service/base/secret.h"
#include "service/domain/list_filter_parser.h"
#include "tests/storage/store_calls.h"

namespace genledger::simulation {
namespace {

// Longer than submit_within, RESUBMIT_ONCE's wait and a lease together.
constexpr absl::Duration kRest = absl::Minutes(25);
// A world that is still busy then never comes to rest.
constexpr int kRestStepsMax = 100'000;
// The looks of reconcilers may be under way at any moment; all of them at once, for so many events,
// are not.
constexpr int kIdleStepsMax = 1'000;

}  // namespace

World::World(WorldOptions options, uint64_t seed, size_t lines_kept, JournalShelf* journals)
    : options_(std::move(options)),
      journals_(journals),
      faults_(options_.faults),
      dice_(seed),
      trace_(lines_kept),
      auditor_({.store = state_.get(),
                .truth = &truth_,
                .options = &options_,
                .loop = &loop_,
                .trace = &trace_,
                .coverage = &coverage_}),
      scene_{.options = &options_,
             .faults = &faults_,
             .dice = &dice_,
             .loop = &loop_,
             .trace = &trace_,
             .coverage = &coverage_,
             .truth = &truth_,
             .auditor = &auditor_,
             .ledger = ledger_.get(),
             .outage_end = &outage_end_,
             .credentials = &credentials_},
      callers_(&scene_, [this] { return ChooseServing(); }) {
  journals_->Empty();
  ChangeKey();
  for (int i = 0; i < options_.replicas; ++i) {
    StartReplica(i);
  }
  callers_.Start();
}

World::~World() {
  // What waits may own parts of replicas, which must not begin anything new when they go.
  for (const std::unique_ptr<Replica>& replica : replicas_) {
    replica->Crash();
  }
  loop_.Clear();
}

void World::StartReplica(size_t number) {
  const absl::Duration skew = dice_.Between(-options_.clock_skew_max, options_.clock_skew_max);
  replicas_.push_back(
      std::make_unique<Replica>(&scene_, ++last_process_, number, skew, journals_->Of(number)));
  replicas_.back()->Start();
}

void World::ChangeKey() {
  absl::StatusOr<UpstreamCredentials> made =
      MakeUpstreamCredentials({Secret(absl::StrCat("sk-simulated-", ++keys_))});
  GL_CHECK(made.ok(), "a key that no header takes");
  credentials_ = *std::move(made);
}

void World::Run(int steps) {
  for (int step = 0; step < steps && !violation().has_value(); ++step) {
    Interfere();
    GL_CHECK(loop_.RunNext(), "a world in which nothing happens");
  }
}

void World::Interfere() {
  if (dice_.OneIn(faults_.crash)) {
    if (Replica* const replica = ChooseAlive(); replica != nullptr) {
      Crash(replica);
    }
  }
  if (dice_.OneIn(faults_.pause)) {
    if (Replica* const replica = ChooseAlive(); replica != nullptr) {
      coverage_.Saw("a pause");
      trace_.Note(loop_.now(), absl::StrCat("PAUSE ", replica->process()));
      loop_.HoldBack(replica->process(),
                     loop_.now() + dice_.Between(absl::Seconds(1), absl::Minutes(4)));
    }
  }
  if (dice_.OneIn(faults_.outage)) {
    coverage_.Saw("an outage of the store");
    trace_.Note(loop_.now(), "OUTAGE");
    outage_end_ = loop_.now() + dice_.Between(absl::Seconds(1), absl::Minutes(3));
  }
  if (dice_.OneIn(faults_.drain)) {
    if (Replica* const replica = ChooseServing(); replica != nullptr) {
      coverage_.Saw("a drain");
      trace_.Note(loop_.now(), absl::StrCat("DRAIN ", replica->process()));
      replica->Drain();
      loop_.After(absl::Seconds(70), kWorld, "the drained ends", [this, replica] {
        if (replica->alive()) {
          Crash(replica);
        }
      });
    }
  }
  if (dice_.OneIn(faults_.key_change)) {
    trace_.Note(loop_.now(), "KEY");
    ChangeKey();
  }
}

void World::Crash(Replica* replica) {
  coverage_.Saw(replica->Idle() ? "a crash at rest" : "a crash at work");
  trace_.Note(loop_.now(), absl::StrCat("CRASH ", replica->process()));
  replica->Crash();
  const absl::Duration pause = dice_.OneIn(4)
                                   ? dice_.Between(absl::Seconds(30), absl::Minutes(4))
                                   : dice_.Between(absl::Milliseconds(5), absl::Seconds(2));
  loop_.After(pause, kWorld, "a replica starts",
              [this, number = replica->number()] { StartReplica(number); });
}

void World::CrashFirstReplica() {
  for (const std::unique_ptr<Replica>& replica : replicas_) {
    if (replica->alive()) {
      Crash(replica.get());
      return;
    }
  }
}

Replica* World::ChooseServing() {
  std::vector<Replica*> serving;
  for (const std::unique_ptr<Replica>& replica : replicas_) {
    if (replica->serves()) {
      serving.push_back(replica.get());
    }
  }
  return serving.empty() ? nullptr : dice_.Pick(serving);
}

Replica* World::ChooseAlive() {
  std::vector<Replica*> alive;
  for (const std::unique_ptr<Replica>& replica : replicas_) {
    if (replica->alive()) {
      alive.push_back(replica.get());
    }
  }
  return alive.empty() ? nullptr : dice_.Pick(alive);
}

bool World::IsAlive(Owner process) const {
  return std::any_of(replicas_.begin(), replicas_.end(), [process](const auto& replica) {
    return replica->process() == process && replica->alive();
  });
}

void World::RunUntil(absl::Time until) {
  for (int step = 0; loop_.next_time() <= until && !violation().has_value(); ++step) {
    if (step >= kRestStepsMax) {
      auditor_.Broke(Rule::kLiveness, "it never comes to rest");
      return;
    }
    loop_.RunNext();
  }
}

void World::ComeToRest() {
  if (violation().has_value()) {
    return;
  }
  trace_.Note(loop_.now(), "REST");
  faults_ = {};
  outage_end_ = absl::InfinitePast();
  loop_.EndHoldBacks();
  callers_.Stop();
  RunUntil(loop_.now() + kRest);
  if (violation().has_value()) {
    return;
  }
  auditor_.CheckAtRest();
  for (int i = 0; i < options_.replicas; ++i) {
    for (const Receipt& receipt : journals_->Of(i)->Pending()) {
      auditor_.Broke(Rule::kFencedButProofsKept,
                     absl::StrCat(receipt.submission.value(), ": the receipt of attempt ",
                                  receipt.attempt, " is still in journal ", i));
    }
  }
  CheckLists();
  for (const std::string& call :
       callers_.Unanswered([this](Owner process) { return IsAlive(process); })) {
    auditor_.Broke(Rule::kLiveness, absl::StrCat(call, " was never answered"));
  }
  CheckIdle();
}

void World::CheckIdle() {
  const auto busy = [](const std::unique_ptr<Replica>& replica) {
    return replica->alive() && !replica->Idle();
  };
  for (int step = 0; std::any_of(replicas_.begin(), replicas_.end(), busy); ++step) {
    if (step >= kIdleStepsMax || !loop_.RunNext()) {
      auditor_.Broke(Rule::kLiveness, "a replica holds a slot and does nothing");
      return;
    }
  }
}

// Invariant 7: what is unknown is listed, and counted.
void World::CheckLists() {
  std::set<SubmissionId> unknown;
  for (const auto& [id, row] : auditor_.rows()) {
    if (row.submission.state == SubmissionState::kOutcomeUnknown) {
      unknown.insert(id);
    }
  }
  absl::StatusOr<ListFilter> filter = ParseListFilter("state = OUTCOME_UNKNOWN");
  GL_CHECK(filter.ok(), "a filter of its own");
  const absl::StatusOr<ListPage> page =
      CallList(*ledger_, {.filter = *std::move(filter), .limit = 1000});
  GL_CHECK(page.ok(), "a list of a working store");
  std::set<SubmissionId> listed;
  for (const SubmissionWithAttempts& entry : page->submissions) {
    listed.insert(entry.submission.id);
  }
  const absl::StatusOr<StoreCounts> counts = CallCount(*ledger_);
  GL_CHECK(counts.ok(), "the counts of a working store");
  if (counts->Of(SubmissionState::kOutcomeUnknown) != static_cast<int64_t>(unknown.size())) {
    auditor_.Broke(Rule::kUnknownStaysUnknown,
                   absl::StrCat(unknown.size(), " are unknown, and the store counts ",
                                counts->Of(SubmissionState::kOutcomeUnknown)));
  }
  if (listed != unknown) {
    auditor_.Broke(Rule::kUnknownStaysUnknown,
                   absl::StrCat(unknown.size(), " are unknown, ", listed.size(), " are listed"));
  }
}

}  // namespace genledger::simulation
