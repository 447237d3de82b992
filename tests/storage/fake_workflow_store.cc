#include "tests/storage/fake_workflow_store.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "service/base/errors.h"
#include "storage/account_binding.h"
#include "storage/list_page.h"
#include "storage/store_operations.h"
#include "tests/storage/fake_records.h"

namespace genledger {

struct FakeStoreState::Impl {
  absl::Mutex mu;
  FakeTables tables ABSL_GUARDED_BY(mu);
  int failing_writes ABSL_GUARDED_BY(mu) = 0;
  absl::Status failure ABSL_GUARDED_BY(mu);
  bool fail_after_commit ABSL_GUARDED_BY(mu) = false;
};

namespace {

bool Visible(const std::optional<std::string>& tenant, const Submission& submission) {
  return !tenant.has_value() || submission.scope.tenant == *tenant;
}

SubmissionWithAttempts WithAttempts(const FakeTables& tables, const Submission& submission,
                                    bool with_attempts) {
  SubmissionWithAttempts result{.submission = submission};
  if (const auto found = tables.attempts.find(submission.id);
      with_attempts && found != tables.attempts.end()) {
    for (const auto& [number, attempt] : found->second) {
      result.attempts.push_back(attempt);
    }
  }
  return result;
}

bool HasTask(const FakeTables& tables, const SubmissionId& id, const TaskId& task_id) {
  const auto found = tables.attempts.find(id);
  return found != tables.attempts.end() &&
         std::any_of(found->second.begin(), found->second.end(), [&](const auto& entry) {
           const std::vector<TaskId>& ids = entry.second.task_ids;
           return std::find(ids.begin(), ids.end(), task_id) != ids.end();
         });
}

// Whether the key names this submission; the key of a request_id may be an alias.
bool Names(const FakeTables& tables, const SubmissionKey& key, const Submission& submission) {
  if (const auto* id = std::get_if<SubmissionId>(&key)) {
    return submission.id == *id;
  }
  if (const auto* task_id = std::get_if<TaskId>(&key)) {
    return HasTask(tables, submission.id, *task_id);
  }
  const auto& request = std::get<RequestIdKey>(key);
  const auto found = tables.request_ids.find(
      {submission.scope.tenant, request.upstream_account, request.request_id});
  return found != tables.request_ids.end() && found->second == submission.id;
}

absl::StatusOr<SubmissionWithAttempts> FindOne(const FakeTables& tables, const GetQuery& query) {
  for (const auto& [id, submission] : tables.submissions) {
    if (Visible(query.tenant, submission) && Names(tables, query.key, submission)) {
      return WithAttempts(tables, submission, query.with_attempts);
    }
  }
  return errors::SubmissionNotFound("the key");
}

ListPage FindPage(const FakeTables& tables, const ListQuery& query) {
  std::vector<const Submission*> rows;
  for (const auto& [id, submission] : tables.submissions) {
    const bool beyond =
        query.after.id.empty() || ComesBefore(query, query.after, PositionOf(submission));
    if (beyond && Visible(query.tenant, submission)) {
      rows.push_back(&submission);
    }
  }
  std::sort(rows.begin(), rows.end(), [&](const Submission* a, const Submission* b) {
    return ComesBefore(query, PositionOf(*a), PositionOf(*b));
  });
  ListPage page;
  ListPageCutter cutter(&query);
  for (const Submission* row : rows) {
    const ListPageCutter::Verdict verdict = cutter.Offer(*row);
    if (verdict == ListPageCutter::Verdict::kStop) {
      break;
    }
    if (verdict == ListPageCutter::Verdict::kTake) {
      page.submissions.push_back(WithAttempts(tables, *row, query.with_attempts));
    }
  }
  cutter.Finish(page);
  return page;
}

class Fake : public WorkflowStore {
 public:
  Fake(std::shared_ptr<FakeStoreState> state, FakeStoreState::Impl* tables, Clock* clock)
      : state_(std::move(state)), shared_(tables), clock_(clock) {}
  ~Fake() override { Fake::Shutdown(); }

  void Submit(SubmitCommand command, Callback<SubmitOutcome> done) override;
  void Preview(const NewSubmission& request, Callback<PreviewOutcome> done) override;
  void ClaimDue(ClaimDueCommand command, Callback<ClaimDueOutcome> done) override;
  void Apply(ApplyCommand command, Callback<Submission> done) override;
  void Cancel(CancelCommand command, Callback<CancelResult> done) override;
  void ExpireAllLeases(std::string actor, AmbiguityRules rules, Callback<int64_t> done) override;
  void Purge(PurgeCommand command, Callback<PurgeOutcome> done) override;
  void Get(GetQuery query, Callback<SubmissionWithAttempts> done) override;
  void BatchGet(BatchGetQuery query, Callback<std::vector<SubmissionWithAttempts>> done) override;
  void List(ListQuery query, Callback<ListPage> done) override;
  void ListEvents(ListEventsQuery query, Callback<std::vector<SubmissionEvent>> done) override;
  void CheckHealth(Callback<absl::Time> done) override;
  void Count(Callback<StoreCounts> done) override;
  absl::StatusOr<std::string> BindUpstreamAccount(const AccountBinding& binding) override;
  StoreInfo Info() const override { return {.description = "fake:", .schema_version = 1}; }
  void Shutdown() override;

 private:
  template <typename T, typename Read>
  void AnswerRead(Callback<T> done, Read&& read) {
    absl::StatusOr<T> result = Closed();
    {
      absl::MutexLock lock(&shared_->mu);
      if (!closed_) {
        result = read(shared_->tables);
      }
    }
    done(std::move(result));
  }

  template <typename T, typename Work>
  void Write(Callback<T> done, Work&& work) {
    done(WriteUnderLock<T>(work));
  }

  template <typename T, typename Work>
  absl::StatusOr<T> WriteUnderLock(Work&& work) {
    absl::MutexLock lock(&shared_->mu);
    if (closed_) {
      return Closed();
    }
    const bool fails = shared_->failing_writes > 0;
    if (fails) {
      --shared_->failing_writes;
      if (!shared_->fail_after_commit) {
        return shared_->failure;
      }
    }
    FakeTransaction transaction(&shared_->tables);
    absl::StatusOr<T> result = work(transaction);
    if (!result.ok()) {
      transaction.RollBack();
    }
    return fails ? absl::StatusOr<T>(shared_->failure) : std::move(result);
  }

  static absl::Status Closed() { return errors::StoreUnavailable("the store is closed"); }

  const std::shared_ptr<FakeStoreState> state_;
  FakeStoreState::Impl* const shared_;  // state_'s
  Clock* const clock_;
  bool closed_ ABSL_GUARDED_BY(shared_->mu) = false;
};

void Fake::Submit(SubmitCommand command, Callback<SubmitOutcome> done) {
  absl::StatusOr<std::optional<SubmitOutcome>> answer = std::nullopt;
  {
    absl::MutexLock lock(&shared_->mu);
    if (closed_) {
      answer = Closed();
    } else {
      FakeTransaction reader(&shared_->tables);
      answer = AnswerWithoutWrite(reader, command, clock_->Now());
    }
  }
  if (!answer.ok()) {
    done(answer.status());
  } else if (answer->has_value()) {
    done(**std::move(answer));
  } else {
    Write<SubmitOutcome>(std::move(done), [&](FakeTransaction& transaction) {
      return RunSubmit(transaction, command, clock_->Now());
    });
  }
}

void Fake::Preview(const NewSubmission& request, Callback<PreviewOutcome> done) {
  AnswerRead<PreviewOutcome>(std::move(done), [&](FakeTables& tables) {
    FakeTransaction reader(&tables);
    return RunPreview(reader, request, clock_->Now());
  });
}

void Fake::ClaimDue(ClaimDueCommand command, Callback<ClaimDueOutcome> done) {
  Write<ClaimDueOutcome>(std::move(done), [&](FakeTransaction& transaction) {
    return RunClaimDue(transaction, command, clock_->Now());
  });
}

void Fake::Apply(ApplyCommand command, Callback<Submission> done) {
  Write<Submission>(std::move(done), [&](FakeTransaction& transaction) {
    return RunApply(transaction, command, clock_->Now());
  });
}

void Fake::Cancel(CancelCommand command, Callback<CancelResult> done) {
  Write<CancelResult>(std::move(done), [&](FakeTransaction& transaction) {
    return RunCancel(transaction, command, clock_->Now());
  });
}

void Fake::ExpireAllLeases(std::string actor, AmbiguityRules rules, Callback<int64_t> done) {
  Write<int64_t>(std::move(done), [&](FakeTransaction& transaction) {
    return RunExpireLeases(transaction, actor, rules, absl::InfiniteFuture(), clock_->Now());
  });
}

void Fake::Purge(PurgeCommand command, Callback<PurgeOutcome> done) {
  Write<PurgeOutcome>(std::move(done), [&](FakeTransaction& transaction) {
    return RunPurge(transaction, command, clock_->Now());
  });
}

void Fake::Get(GetQuery query, Callback<SubmissionWithAttempts> done) {
  AnswerRead<SubmissionWithAttempts>(
      std::move(done), [&](const FakeTables& tables) { return FindOne(tables, query); });
}

void Fake::BatchGet(BatchGetQuery query, Callback<std::vector<SubmissionWithAttempts>> done) {
  using Results = std::vector<SubmissionWithAttempts>;
  AnswerRead<Results>(std::move(done), [&](const FakeTables& tables) -> absl::StatusOr<Results> {
    Results results;
    for (const SubmissionId& id : query.ids) {
      const auto found = tables.submissions.find(id);
      if (found == tables.submissions.end() || !Visible(query.tenant, found->second)) {
        return errors::SubmissionNotFound(id.value());
      }
      results.push_back(WithAttempts(tables, found->second, query.with_attempts));
    }
    return results;
  });
}

void Fake::List(ListQuery query, Callback<ListPage> done) {
  AnswerRead<ListPage>(std::move(done),
                       [&](const FakeTables& tables) { return FindPage(tables, query); });
}

void Fake::ListEvents(ListEventsQuery query, Callback<std::vector<SubmissionEvent>> done) {
  using Events = std::vector<SubmissionEvent>;
  AnswerRead<Events>(std::move(done), [&](const FakeTables& tables) -> absl::StatusOr<Events> {
    const auto found = tables.submissions.find(query.id);
    if (found == tables.submissions.end() || !Visible(query.tenant, found->second)) {
      return errors::SubmissionNotFound(query.id.value());
    }
    Events events;
    std::copy_if(tables.events.at(query.id).begin(), tables.events.at(query.id).end(),
                 std::back_inserter(events), [&](const SubmissionEvent& event) {
                   return event.revision > query.after_revision;
                 });
    events.resize(std::min(events.size(), static_cast<size_t>(std::max(query.limit, 0))));
    return events;
  });
}

void Fake::CheckHealth(Callback<absl::Time> done) {
  AnswerRead<absl::Time>(
      std::move(done),
      [this](const FakeTables& /*tables*/) -> absl::StatusOr<absl::Time> { return clock_->Now(); });
}

void Fake::Count(Callback<StoreCounts> done) {
  AnswerRead<StoreCounts>(std::move(done), [](const FakeTables& tables) {
    StoreCounts counts;
    for (const auto& [id, submission] : tables.submissions) {
      ++counts.by_state[submission.state];
      if (submission.state == SubmissionState::kPending) {
        counts.oldest_pending_create_time =
            std::min(counts.oldest_pending_create_time, submission.create_time);
      }
    }
    return counts;
  });
}

absl::StatusOr<std::string> Fake::BindUpstreamAccount(const AccountBinding& binding) {
  absl::MutexLock lock(&shared_->mu);
  absl::StatusOr<RecordedAccount> wanted = DecideAccountBinding(shared_->tables.account, binding);
  if (!wanted.ok()) {
    return wanted.status();
  }
  shared_->tables.account = *std::move(wanted);
  return shared_->tables.account->upstream_account;
}

void Fake::Shutdown() {
  absl::MutexLock lock(&shared_->mu);
  closed_ = true;
}

}  // namespace

FakeStoreState::FakeStoreState() : impl_(std::make_unique<Impl>()) {}
FakeStoreState::~FakeStoreState() = default;

void FakeStoreState::FailNextWrites(int count, absl::Status failure, bool after_commit) {
  absl::MutexLock lock(&impl_->mu);
  impl_->failing_writes = count;
  impl_->failure = std::move(failure);
  impl_->fail_after_commit = after_commit;
}

void FakeStoreState::Look(absl::FunctionRef<void(const FakeTables&)> look) const {
  absl::MutexLock lock(&impl_->mu);
  look(impl_->tables);
}

std::unique_ptr<WorkflowStore> FakeWorkflowStore::Open(std::shared_ptr<FakeStoreState> state,
                                                       Clock* clock) {
  FakeStoreState::Impl* const tables = state->impl_.get();
  return std::make_unique<Fake>(std::move(state), tables, clock);
}

}  // namespace genledger
