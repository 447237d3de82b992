#include "storage/postgres/postgres_workflow_store.h"

#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/base/check.h"
#include "service/base/errors.h"
#include "service/base/random_source.h"
#include "service/base/status_macros.h"
#include "storage/account_binding.h"
#include "storage/await_answer.h"
#include "storage/postgres/completion_thread.h"
#include "storage/postgres/connection_string.h"
#include "storage/postgres/group_transaction.h"
#include "storage/postgres/log_limit.h"
#include "storage/postgres/notifier.h"
#include "storage/postgres/queries.h"
#include "storage/postgres/read_pool.h"
#include "storage/postgres/schema.h"
#include "storage/postgres/session.h"
#include "storage/postgres/skew_watch.h"
#include "storage/postgres/sql.h"
#include "storage/postgres/write_command.h"
#include "storage/postgres/write_plans.h"
#include "storage/postgres/write_queue.h"
#include "storage/postgres/writer.h"
#include "storage/store_operations.h"

namespace genledger {
namespace {

using postgres::ConnectionParameters;
using postgres::GroupTransaction;
using postgres::PlanOf;
using postgres::QueryContext;
using postgres::WritePlan;

constexpr char kMetaAccount[] = "upstream_account";
constexpr char kMetaHost[] = "upstream_host";
// state_counts has so many rows a tenant, account and state at most.
constexpr int64_t kCountSlots = 256;

absl::StatusOr<RecordedAccount> Bind(GroupTransaction& transaction, const AccountBinding& binding) {
  GL_RETURN_IF_ERROR(transaction.LockMeta());
  GL_ASSIGN_OR_RETURN(std::optional<std::string> account, transaction.GetMeta(kMetaAccount));
  GL_ASSIGN_OR_RETURN(std::optional<std::string> host, transaction.GetMeta(kMetaHost));
  std::optional<RecordedAccount> recorded;
  if (account.has_value() && host.has_value()) {
    recorded = {.upstream_account = *std::move(account), .upstream_host = *std::move(host)};
  }
  GL_ASSIGN_OR_RETURN(RecordedAccount wanted, DecideAccountBinding(recorded, binding));
  GL_RETURN_IF_ERROR(transaction.PutMeta(kMetaAccount, wanted.upstream_account));
  GL_RETURN_IF_ERROR(transaction.PutMeta(kMetaHost, wanted.upstream_host));
  return wanted;
}

// Names the tables that are used: replicas whose roles have search_paths of their own would keep
// a ledger each, and so pay for the same content, without any other sign of it.
absl::StatusOr<std::string> DescribeLedger(postgres::Connection& connection,
                                           const ConnectionParameters& parameters,
                                           absl::Duration timeout) {
  GL_ASSIGN_OR_RETURN(const std::vector<postgres::Rows> names,
                      connection.Run({{"SELECT current_schema(), current_user", {}}}, timeout));
  return absl::StrCat(postgres::DescribeConnection(parameters),
                      " schema=", std::string(names[0].Text(0, 0)),
                      " role=", std::string(names[0].Text(0, 1)));
}

class Store : public WorkflowStore {
 public:
  // `description` is for people.
  Store(const PostgresStoreOptions& options, const ConnectionParameters& parameters,
        std::string description);
  ~Store() override { Store::Shutdown(); }

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
  StoreInfo Info() const override;
  void WatchOthers(const std::function<void(const std::vector<SubmissionId>&)>& on_change) override;
  void Shutdown() override;

 private:
  // A broken invariant is ours to see even if the caller keeps it to itself.
  template <typename T>
  Callback<T> Audited(std::string_view call, Callback<T> done) {
    return
        [logger = options_.logger, call, done = std::move(done)](absl::StatusOr<T> result) mutable {
          if (!result.ok() && absl::IsInternal(result.status())) {
            logger->Log(
                Severity::kError, "store_invariant_broken",
                {{"call", std::string(call)}, {"error", std::string(result.status().message())}});
          }
          done(std::move(result));
        };
  }

  template <typename T>
  void Write(std::string_view name, WritePlan plan, Callback<T> done,
             typename postgres::TypedWriteCommand<T>::Work work) {
    queue_.Enqueue(std::make_unique<postgres::TypedWriteCommand<T>>(
        std::move(plan), std::move(work), Audited<T>(name, std::move(done))));
  }

  template <typename T>
  void Read(std::string_view name, Callback<T> done,
            absl::AnyInvocable<absl::StatusOr<T>(const QueryContext&)> read) {
    readers_.Read<T>(std::move(read), Audited<T>(name, std::move(done)));
  }

  const PostgresStoreOptions options_;
  const std::string description_;
  postgres::SkewWatch skew_;
  postgres::LastClaims last_claims_;
  postgres::LogLimit log_limit_;
  postgres::Notifier notifier_;
  postgres::WriteQueue queue_;
  std::unique_ptr<postgres::CompletionThread> completions_;
  std::vector<std::unique_ptr<postgres::Writer>> writers_;
  postgres::ReadPool readers_;
};

Store::Store(const PostgresStoreOptions& options, const ConnectionParameters& parameters,
             std::string description)
    : options_(options),
      description_(std::move(description)),
      skew_(options.clock, options.logger),
      notifier_({.parameters = parameters,
                 .timeout = options.round_trip_timeout,
                 .logger = options.logger,
                 .token = absl::StrCat(absl::Hex(NewSystemRandomSource()->Next64()))}),
      queue_(options.group_max, options.queue_depth_max),
      completions_(std::make_unique<postgres::CompletionThread>()),
      readers_(parameters, options.connections, options.queue_depth_max,
               options.round_trip_timeout) {
  // Two replicas with a common slot only wait for one another.
  const uint64_t first_slot = NewSystemRandomSource()->Next64();
  for (int i = 0; i < options.connections; ++i) {
    writers_.push_back(std::make_unique<postgres::Writer>(postgres::WriterOptions{
        .parameters = parameters,
        .timeout = options.round_trip_timeout,
        .slot = static_cast<int64_t>((first_slot + static_cast<uint64_t>(i)) % kCountSlots),
        .lease_clock = options.lease_clock,
        .logger = options.logger,
        .log_limit = &log_limit_,
        .queue = &queue_,
        .completions = completions_.get(),
        .last_claims = &last_claims_,
        .skew = &skew_,
        .on_committed = [this](const postgres::ChangedSubmissions& ids) { notifier_.Tell(ids); }}));
  }
}

void Store::Submit(SubmitCommand command, Callback<SubmitOutcome> done) {
  // No look-up before it: the group's first round trip is one, and a repeat writes nothing.
  WritePlan plan = PlanOf(command);
  Write<SubmitOutcome>(
      "Submit", std::move(plan), std::move(done),
      [command = std::move(command)](GroupTransaction& transaction, absl::Time now) {
        return RunSubmit(transaction, command, now);
      });
}

void Store::Preview(const NewSubmission& request, Callback<PreviewOutcome> done) {
  Read<PreviewOutcome>(
      "Preview", std::move(done),
      [this, request](const QueryContext& context) -> absl::StatusOr<PreviewOutcome> {
        GroupTransaction reader({.connection = context.connection,
                                 .last_claims = &last_claims_,
                                 .timeout = context.timeout});
        GL_ASSIGN_OR_RETURN(const absl::Time database_time,
                            reader.Prefetch(postgres::LookUpsOf(request), /*alone=*/false));
        return RunPreview(
            reader, request,
            options_.lease_clock == nullptr ? database_time : options_.lease_clock->Now());
      });
}

void Store::ClaimDue(ClaimDueCommand command, Callback<ClaimDueOutcome> done) {
  WritePlan plan = PlanOf(command);
  Write<ClaimDueOutcome>(
      "ClaimDue", std::move(plan), std::move(done),
      [command = std::move(command)](GroupTransaction& transaction, absl::Time now) {
        return RunClaimDue(transaction, command, now);
      });
}

void Store::Apply(ApplyCommand command, Callback<Submission> done) {
  WritePlan plan = PlanOf(command);
  Write<Submission>("Apply", std::move(plan), std::move(done),
                    [command = std::move(command)](GroupTransaction& transaction, absl::Time now) {
                      return RunApply(transaction, command, now);
                    });
}

void Store::Cancel(CancelCommand command, Callback<CancelResult> done) {
  WritePlan plan = PlanOf(command);
  Write<CancelResult>(
      "Cancel", std::move(plan), std::move(done),
      [command = std::move(command)](GroupTransaction& transaction, absl::Time now) {
        return RunCancel(transaction, command, now);
      });
}

void Store::ExpireAllLeases(std::string actor, AmbiguityRules rules, Callback<int64_t> done) {
  Write<int64_t>("ExpireAllLeases", postgres::PlanAlone(postgres::kClaims), std::move(done),
                 [actor = std::move(actor), rules](GroupTransaction& transaction, absl::Time now) {
                   return RunExpireLeases(transaction, actor, rules, /*ended_by=*/now, now);
                 });
}

void Store::Purge(PurgeCommand command, Callback<PurgeOutcome> done) {
  Write<PurgeOutcome>(
      "Purge", postgres::PlanAlone("purge"), std::move(done),
      [command = std::move(command)](GroupTransaction& transaction, absl::Time now) {
        return RunPurge(transaction, command, now);
      });
}

void Store::Get(GetQuery query, Callback<SubmissionWithAttempts> done) {
  Read<SubmissionWithAttempts>("Get", std::move(done),
                               [query = std::move(query)](const QueryContext& context) {
                                 return postgres::RunGet(context, query);
                               });
}

void Store::BatchGet(BatchGetQuery query, Callback<std::vector<SubmissionWithAttempts>> done) {
  Read<std::vector<SubmissionWithAttempts>>(
      "BatchGet", std::move(done), [query = std::move(query)](const QueryContext& context) {
        return postgres::RunBatchGet(context, query);
      });
}

void Store::List(ListQuery query, Callback<ListPage> done) {
  Read<ListPage>("List", std::move(done), [query = std::move(query)](const QueryContext& context) {
    return postgres::RunList(context, query);
  });
}

void Store::ListEvents(ListEventsQuery query, Callback<std::vector<SubmissionEvent>> done) {
  Read<std::vector<SubmissionEvent>>("ListEvents", std::move(done),
                                     [query = std::move(query)](const QueryContext& context) {
                                       return postgres::RunListEvents(context, query);
                                     });
}

void Store::CheckHealth(Callback<absl::Time> done) {
  // Reads have connections of their own, which the server may refuse while writes have theirs.
  auto then_read = [this, done = std::move(done)](absl::StatusOr<absl::Time> written) mutable {
    if (!written.ok()) {
      done(std::move(written));
      return;
    }
    Read<absl::Time>(
        "CheckHealth", std::move(done),
        [time = *written](const QueryContext& context) -> absl::StatusOr<absl::Time> {
          GL_RETURN_IF_ERROR(
              context.connection->Run({{postgres::kDatabaseTime, {}}}, context.timeout).status());
          return time;
        });
  };
  // A commit like any other: one that waits for its standby, or meets a full disk, shows here.
  Write<absl::Time>(
      "CheckHealth", postgres::PlanAlone("health"), std::move(then_read),
      [](GroupTransaction& transaction, absl::Time now) -> absl::StatusOr<absl::Time> {
        GL_RETURN_IF_ERROR(transaction.PutProbe());
        return now;
      });
}

void Store::Count(Callback<StoreCounts> done) {
  Read<StoreCounts>("Count", std::move(done),
                    [](const QueryContext& context) { return postgres::RunCount(context); });
}

absl::StatusOr<std::string> Store::BindUpstreamAccount(const AccountBinding& binding) {
  GL_ASSIGN_OR_RETURN(
      RecordedAccount account, AwaitAnswer<RecordedAccount>([&](Callback<RecordedAccount> done) {
        Write<RecordedAccount>("BindUpstreamAccount", postgres::PlanAlone("bind"), std::move(done),
                               [&binding](GroupTransaction& transaction, absl::Time /*now*/) {
                                 return Bind(transaction, binding);
                               });
      }));
  return std::move(account.upstream_account);
}

StoreInfo Store::Info() const {
  return {
      .description = description_, .schema_version = postgres::kSchemaVersion, .is_shared = true};
}

void Store::WatchOthers(const std::function<void(const std::vector<SubmissionId>&)>& on_change) {
  notifier_.OnOthersChanged(on_change);
}

void Store::Shutdown() {
  // Its callback may be of somebody who goes after this.
  notifier_.OnOthersChanged(nullptr);
  queue_.Close();
  writers_.clear();
  readers_.Close();
  completions_.reset();
}

}  // namespace

absl::StatusOr<std::unique_ptr<WorkflowStore>> PostgresWorkflowStore::Open(
    const PostgresStoreOptions& options) {
  GL_CHECK(options.clock != nullptr && options.logger != nullptr, "the store needs both");
  GL_ASSIGN_OR_RETURN(const ConnectionParameters parameters,
                      postgres::ParseConnectionString(options.location));
  const auto naming = [&](const absl::Status& status) {
    const absl::string_view reason = absl::StripPrefix(status.message(), "the store: ");
    return absl::Status(status.code(),
                        absl::StrCat("cannot open the store ",
                                     postgres::DescribeConnection(parameters), ": ", reason));
  };
  absl::StatusOr<std::unique_ptr<postgres::Connection>> connection =
      postgres::OpenWritable(parameters, options.round_trip_timeout);
  if (!connection.ok()) {
    return naming(connection.status());
  }
  if (absl::Status status = postgres::Migrate(**connection); !status.ok()) {
    return naming(status);
  }
  absl::StatusOr<std::string> ledger =
      DescribeLedger(**connection, parameters, options.round_trip_timeout);
  if (!ledger.ok()) {
    return naming(ledger.status());
  }
  return std::make_unique<Store>(options, parameters, *std::move(ledger));
}

}  // namespace genledger
