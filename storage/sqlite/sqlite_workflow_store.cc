#include "storage/sqlite/sqlite_workflow_store.h"

#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "service/base/check.h"
#include "service/base/errors.h"
#include "service/base/status_macros.h"
#include "storage/account_binding.h"
#include "storage/await_answer.h"
#include "storage/sqlite/checkpointer.h"
#include "storage/sqlite/completion_thread.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/database_file.h"
#include "storage/sqlite/file_lock.h"
#include "storage/sqlite/first_look.h"
#include "storage/sqlite/read_pool.h"
#include "storage/sqlite/record_cache.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/sqlite_queries.h"
#include "storage/sqlite/sqlite_status.h"
#include "storage/sqlite/sqlite_transaction.h"
#include "storage/sqlite/write_command.h"
#include "storage/sqlite/writer_thread.h"
#include "storage/store_operations.h"

namespace genledger {
namespace {

using sqlite::Checkpointer;
using sqlite::CompletionThread;
using sqlite::ConnectionRole;
using sqlite::FileLock;
using sqlite::ReadPool;
using sqlite::RecordCache;
using sqlite::RecordReader;
using sqlite::SqliteTransaction;
using sqlite::WriterThread;

constexpr char kMetaAccount[] = "upstream_account";
constexpr char kMetaHost[] = "upstream_host";

absl::StatusOr<std::optional<RecordedAccount>> ReadAccount(SqliteTransaction& transaction) {
  GL_ASSIGN_OR_RETURN(std::optional<std::string> account, transaction.GetMeta(kMetaAccount));
  GL_ASSIGN_OR_RETURN(std::optional<std::string> host, transaction.GetMeta(kMetaHost));
  if (!account.has_value() || !host.has_value()) {
    return std::nullopt;
  }
  return RecordedAccount{.upstream_account = *std::move(account),
                         .upstream_host = *std::move(host)};
}

absl::StatusOr<RecordedAccount> Bind(SqliteTransaction& transaction,
                                     const AccountBinding& binding) {
  GL_ASSIGN_OR_RETURN(const std::optional<RecordedAccount> recorded, ReadAccount(transaction));
  GL_ASSIGN_OR_RETURN(RecordedAccount wanted, DecideAccountBinding(recorded, binding));
  GL_RETURN_IF_ERROR(transaction.PutMeta(kMetaAccount, wanted.upstream_account));
  GL_RETURN_IF_ERROR(transaction.PutMeta(kMetaHost, wanted.upstream_host));
  return wanted;
}

class Store : public WorkflowStore {
 public:
  // Opened parts, in the order in which they depend on one another.
  struct Parts {
    std::string path;
    // First, so that it goes last: after every connection is closed.
    std::unique_ptr<sqlite::DatabaseFile> file;
    std::unique_ptr<FileLock> lock;
    std::unique_ptr<ReadPool> readers;
    std::unique_ptr<RecordCache> cache;
    std::unique_ptr<CompletionThread> completions;
    std::unique_ptr<Checkpointer> checkpointer;
    std::unique_ptr<WriterThread> writer;
  };

  Store(Clock* clock, Logger* logger, Parts parts)
      : clock_(clock), logger_(logger), parts_(std::move(parts)) {}
  ~Store() override { Store::Shutdown(); }

  absl::StatusOr<FirstLook> LookFirst(const SubmitCommand& command) override;
  void Submit(SubmitCommand command, Callback<SubmitOutcome> done) override;
  void Preview(const NewSubmission& request, Callback<PreviewOutcome> done) override;
  void ClaimDue(ClaimDueCommand command, Callback<ClaimDueOutcome> done) override;
  void Apply(ApplyCommand command, Callback<Submission> done) override;
  void Cancel(CancelCommand command, Callback<CancelResult> done) override;
  void ExpireAllLeases(std::string actor, AmbiguityRules rules, Callback<int64_t> done) override;
  void Purge(PurgeCommand command, Callback<PurgeOutcome> done) override;
  void Get(GetQuery query, Callback<SubmissionWithAttempts> done) override;
  std::optional<absl::StatusOr<SharedSubmission>> GetNow(const GetQuery& query) override;
  void BatchGet(BatchGetQuery query, Callback<std::vector<SubmissionWithAttempts>> done) override;
  void List(ListQuery query, Callback<ListPage> done) override;
  void ListEvents(ListEventsQuery query, Callback<std::vector<SubmissionEvent>> done) override;
  void CheckHealth(Callback<absl::Time> done) override;
  void Count(Callback<StoreCounts> done) override;
  absl::StatusOr<std::string> BindUpstreamAccount(const AccountBinding& binding) override;
  StoreInfo Info() const override;
  void Shutdown() override;

 private:
  // One call between its arrival and its answer: Shutdown waits for those on callers' threads.
  class Call {
   public:
    explicit Call(Store* store) : store_(store), admitted_(store->Admit()) {}
    ~Call() {
      if (admitted_) {
        store_->Release();
      }
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    bool admitted() const { return admitted_; }

   private:
    Store* const store_;
    const bool admitted_;
  };

  bool Admit() {
    absl::MutexLock lock(&mu_);
    if (closed_) {
      return false;
    }
    ++calls_;
    return true;
  }
  void Release() {
    absl::MutexLock lock(&mu_);
    --calls_;
  }

  // A broken invariant is ours to see even if the caller keeps it to itself.
  template <typename T>
  absl::StatusOr<T> Audited(std::string_view call, absl::StatusOr<T> result) {
    if (!result.ok() && absl::IsInternal(result.status())) {
      logger_->Log(
          Severity::kError, "store_invariant_broken",
          {{"call", std::string(call)}, {"error", std::string(result.status().message())}});
    }
    return result;
  }

  // Answers on this thread with what `read` returns.
  template <typename T, typename Read>
  void AnswerRead(std::string_view name, Callback<T> done, Read&& read) {
    const Call call(this);
    done(call.admitted() ? Audited<T>(name, read()) : Closed());
  }

  // Answers from what is there; true, with `done` untouched, where only the writer can.
  bool AnswerOrPass(const SubmitCommand& command, Callback<SubmitOutcome>& done);

  // Hands `work` to the writer, which answers.
  template <typename T, typename Work>
  void Write(std::string_view name, Callback<T> done, Work work) {
    const Call call(this);
    if (!call.admitted()) {
      done(Closed());
      return;
    }
    parts_.writer->Enqueue(sqlite::MakeWriteCommand<T>(
        [this, name, work = std::move(work)](SqliteTransaction& transaction) mutable {
          return Audited<T>(name, work(transaction));
        },
        std::move(done)));
  }

  static absl::Status Closed() { return errors::StoreUnavailable("the store is closed"); }

  Clock* const clock_;
  Logger* const logger_;
  Parts parts_;

  absl::Mutex mu_;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  int64_t calls_ ABSL_GUARDED_BY(mu_) = 0;
};

absl::StatusOr<FirstLook> Store::LookFirst(const SubmitCommand& command) {
  const Call call(this);
  if (!call.admitted()) {
    return Closed();
  }
  const absl::Time now = clock_->Now();
  if (FirstLook known = sqlite::LookInto(*parts_.cache, command.request, now);
      known.submission != nullptr) {
    return known;
  }
  const RecordCache::Ticket ticket = parts_.cache->ticket();
  absl::StatusOr<FirstLook> look =
      Audited("LookFirst", parts_.readers->Run("submit", [&](RecordReader& reader) {
        return sqlite::RunLookFirst(reader, command, now);
      }));
  if (look.ok() && look->submission != nullptr) {
    parts_.cache->Keep(ticket, look->submission);
  }
  return look;
}

void Store::Submit(SubmitCommand command, Callback<SubmitOutcome> done) {
  if (!command.nothing_answers && !AnswerOrPass(command, done)) {
    return;
  }
  // The writer decides again: the row may have changed since.
  Write<SubmitOutcome>("Submit", std::move(done),
                       [this, command = std::move(command)](SqliteTransaction& transaction) {
                         return RunSubmit(transaction, command, clock_->Now());
                       });
}

bool Store::AnswerOrPass(const SubmitCommand& command, Callback<SubmitOutcome>& done) {
  absl::StatusOr<std::optional<SubmitOutcome>> answer = std::nullopt;
  {
    const Call call(this);
    if (!call.admitted()) {
      done(Closed());
      return false;
    }
    answer = parts_.readers->Run("submit", [&](RecordReader& reader) {
      sqlite::SqliteDedupeReader dedupe(&reader);
      return AnswerWithoutWrite(dedupe, command, clock_->Now());
    });
  }
  if (answer.ok() && !answer->has_value()) {
    return true;
  }
  answer = Audited("Submit", std::move(answer));
  done(answer.ok() ? absl::StatusOr<SubmitOutcome>(**std::move(answer)) : answer.status());
  return false;
}

void Store::Preview(const NewSubmission& request, Callback<PreviewOutcome> done) {
  AnswerRead<PreviewOutcome>("Preview", std::move(done), [&] {
    return parts_.readers->RunInSnapshot("preview", [&](RecordReader& reader) {
      sqlite::SqliteDedupeReader dedupe(&reader);
      return RunPreview(dedupe, request, clock_->Now());
    });
  });
}

void Store::ClaimDue(ClaimDueCommand command, Callback<ClaimDueOutcome> done) {
  Write<ClaimDueOutcome>("ClaimDue", std::move(done),
                         [this, command = std::move(command)](SqliteTransaction& transaction) {
                           return RunClaimDue(transaction, command, clock_->Now());
                         });
}

void Store::Apply(ApplyCommand command, Callback<Submission> done) {
  Write<Submission>("Apply", std::move(done),
                    [this, command = std::move(command)](SqliteTransaction& transaction) {
                      return RunApply(transaction, command, clock_->Now());
                    });
}

void Store::Cancel(CancelCommand command, Callback<CancelResult> done) {
  Write<CancelResult>("Cancel", std::move(done),
                      [this, command = std::move(command)](SqliteTransaction& transaction) {
                        return RunCancel(transaction, command, clock_->Now());
                      });
}

void Store::ExpireAllLeases(std::string actor, AmbiguityRules rules, Callback<int64_t> done) {
  Write<int64_t>("ExpireAllLeases", std::move(done),
                 [this, actor = std::move(actor), rules](SqliteTransaction& transaction) {
                   return RunExpireLeases(transaction, actor, rules, absl::InfiniteFuture(),
                                          clock_->Now());
                 });
}

void Store::Purge(PurgeCommand command, Callback<PurgeOutcome> done) {
  Write<PurgeOutcome>("Purge", std::move(done),
                      [this, command = std::move(command)](SqliteTransaction& transaction) {
                        return RunPurge(transaction, command, clock_->Now());
                      });
}

void Store::Get(GetQuery query, Callback<SubmissionWithAttempts> done) {
  AnswerRead<SubmissionWithAttempts>("Get", std::move(done), [&] {
    return parts_.readers->RunInSnapshot(
        "get", [&](RecordReader& reader) { return sqlite::RunGet(reader, query); });
  });
}

std::optional<absl::StatusOr<SharedSubmission>> Store::GetNow(const GetQuery& query) {
  if (!query.tenant.has_value() || query.with_attempts) {
    return std::nullopt;
  }
  const Call call(this);
  if (!call.admitted()) {
    return Closed();
  }
  if (SharedSubmission known = sqlite::GetFrom(*parts_.cache, query); known != nullptr) {
    return known;
  }
  const RecordCache::Ticket ticket = parts_.cache->ticket();
  absl::StatusOr<SharedSubmission> found = Audited(
      "Get", parts_.readers->Run(
                 "get", [&](RecordReader& reader) { return sqlite::RunGetNow(reader, query); }));
  if (found.ok()) {
    parts_.cache->Keep(ticket, *found);
  }
  return found;
}

void Store::BatchGet(BatchGetQuery query, Callback<std::vector<SubmissionWithAttempts>> done) {
  AnswerRead<std::vector<SubmissionWithAttempts>>("BatchGet", std::move(done), [&] {
    return parts_.readers->RunInSnapshot(
        "batch get", [&](RecordReader& reader) { return sqlite::RunBatchGet(reader, query); });
  });
}

void Store::List(ListQuery query, Callback<ListPage> done) {
  AnswerRead<ListPage>("List", std::move(done), [&] {
    return parts_.readers->RunInSnapshot(
        "list", [&](RecordReader& reader) { return sqlite::RunList(reader, query); });
  });
}

void Store::ListEvents(ListEventsQuery query, Callback<std::vector<SubmissionEvent>> done) {
  AnswerRead<std::vector<SubmissionEvent>>("ListEvents", std::move(done), [&] {
    return parts_.readers->RunInSnapshot(
        "list events", [&](RecordReader& reader) { return sqlite::RunListEvents(reader, query); });
  });
}

void Store::CheckHealth(Callback<absl::Time> done) {
  Count([this, done = std::move(done)](const absl::StatusOr<StoreCounts>& counts) mutable {
    done(counts.ok() ? absl::StatusOr<absl::Time>(clock_->Now()) : counts.status());
  });
}

void Store::Count(Callback<StoreCounts> done) {
  AnswerRead<StoreCounts>("Count", std::move(done), [&] {
    return parts_.readers->RunInSnapshot("count",
                                         [&](RecordReader& reader) -> absl::StatusOr<StoreCounts> {
                                           return sqlite::RunCount(reader);
                                         });
  });
}

absl::StatusOr<std::string> Store::BindUpstreamAccount(const AccountBinding& binding) {
  GL_ASSIGN_OR_RETURN(
      RecordedAccount account, AwaitAnswer<RecordedAccount>([&](Callback<RecordedAccount> done) {
        Write<RecordedAccount>(
            "BindUpstreamAccount", std::move(done),
            [&binding](SqliteTransaction& transaction) { return Bind(transaction, binding); });
      }));
  return std::move(account.upstream_account);
}

StoreInfo Store::Info() const {
  return {.description = absl::StrCat("sqlite:", parts_.path),
          .schema_version = sqlite::kSchemaVersion};
}

void Store::Shutdown() {
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return calls_ == 0; };
  {
    absl::MutexLock lock(&mu_);
    if (closed_) {
      return;
    }
    closed_ = true;
    mu_.Await(absl::Condition(&idle));
  }
  parts_.writer.reset();
  parts_.completions.reset();
  parts_.checkpointer.reset();
  parts_.readers.reset();
  parts_.lock.reset();
  // Last: SQLite must have closed the file before we do.
  parts_.file.reset();
}

// SQLite's own words name no file, and what it finds wrong with one while it is opened is no bug of
// ours.
absl::Status NamingPath(const absl::Status& status, const std::string& path) {
  if (status.message().find(path) != absl::string_view::npos) {
    return status;
  }
  if (absl::IsInternal(status)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the store ", path, " is damaged or not a SQLite database (", status.message(),
                     "); restore a backup or name a new file"));
  }
  return absl::Status(status.code(),
                      absl::StrCat("cannot open the store ", path, ": ", status.message()));
}

absl::StatusOr<std::unique_ptr<SQLite::Database>> OpenAndMigrate(const SqliteStoreOptions& options,
                                                                 const std::string& path) {
  {
    // Looked at before anything is written to it: it may be somebody else's.
    GL_ASSIGN_OR_RETURN(const std::unique_ptr<SQLite::Database> looked_at,
                        sqlite::OpenConnection({.path = path, .role = ConnectionRole::kReader}));
    GL_RETURN_IF_ERROR(sqlite::CheckDatabase(*looked_at, path));
  }
  GL_ASSIGN_OR_RETURN(
      std::unique_ptr<SQLite::Database> writer,
      sqlite::OpenConnection(
          {.path = path, .role = ConnectionRole::kWriter, .cache_kib = options.writer_cache_kib}));
  GL_RETURN_IF_ERROR(sqlite::Migrate(*writer));
  return writer;
}

}  // namespace

absl::StatusOr<std::unique_ptr<WorkflowStore>> SqliteWorkflowStore::Open(
    const SqliteStoreOptions& options) {
  GL_CHECK(options.clock != nullptr && options.logger != nullptr, "the store needs both");
  Store::Parts parts;
  GL_ASSIGN_OR_RETURN(parts.path, sqlite::ResolvePath(options.path));
  GL_ASSIGN_OR_RETURN(parts.file, sqlite::DatabaseFile::Claim(parts.path));
  absl::StatusOr<std::unique_ptr<SQLite::Database>> database = OpenAndMigrate(options, parts.path);
  if (!database.ok()) {
    return NamingPath(database.status(), parts.path);
  }
  GL_RETURN_IF_ERROR(parts.file->TakeFromOthers());
  GL_ASSIGN_OR_RETURN(parts.lock, FileLock::Acquire(parts.path));
  GL_ASSIGN_OR_RETURN(
      std::unique_ptr<SQLite::Database> checkpoint_database,
      sqlite::OpenConnection({.path = parts.path, .role = ConnectionRole::kWriter}));
  GL_ASSIGN_OR_RETURN(parts.readers, ReadPool::Open(parts.path, options.read_connections,
                                                    options.reader_cache_kib));
  parts.cache = std::make_unique<RecordCache>(options.record_cache_bytes_max);
  parts.completions = std::make_unique<CompletionThread>();
  parts.checkpointer =
      std::make_unique<Checkpointer>(std::move(checkpoint_database), options.logger);
  return sqlite::Guard("prepare", [&]() -> absl::StatusOr<std::unique_ptr<WorkflowStore>> {
    parts.writer = std::make_unique<WriterThread>(
        sqlite::WriterOptions{.path = parts.path,
                              .cache_kib = options.writer_cache_kib,
                              .batch_max = options.batch_max,
                              .queue_depth_max = options.queue_depth_max,
                              .logger = options.logger,
                              .completions = parts.completions.get(),
                              .checkpointer = parts.checkpointer.get(),
                              .cache = parts.cache.get()},
        *std::move(database));
    return std::make_unique<Store>(options.clock, options.logger, std::move(parts));
  });
}

}  // namespace genledger
