#include "service/dispatch/bulk_resolve.h"

#include <atomic>
#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "service/base/error_details.h"
#include "service/base/errors.h"
#include "service/base/status_macros.h"
#include "service/base/texts.h"
#include "service/dispatch/access.h"
#include "service/dispatch/change_service.h"
#include "service/dispatch/list_request.h"

namespace genledger {
namespace {

using Done = absl::AnyInvocable<void(absl::StatusOr<BulkResolved>)>;

constexpr int32_t kPageSize = 256;

absl::StatusOr<ListQuery> UnknownsOf(std::optional<std::string> tenant, const std::string& filter) {
  // By itself first: as a part of the whole, "a) OR (b" would be a filter too.
  GL_RETURN_IF_ERROR(MakeListRequest(tenant, {.filter = filter}).status());
  const std::string unknowns = filter.empty()
                                   ? "state = OUTCOME_UNKNOWN"
                                   : absl::StrCat("state = OUTCOME_UNKNOWN AND (", filter, ")");
  GL_ASSIGN_OR_RETURN(ListRequest request,
                      MakeListRequest(std::move(tenant), {.filter = unknowns}));
  request.query.descending = false;
  request.query.limit = kPageSize;
  return request.query;
}

// Keeps itself alive through its callbacks until it has answered.
class Walk : public std::enable_shared_from_this<Walk> {
 public:
  Walk(const BulkCollaborators& collaborators, ListQuery query, Resolution resolution, bool dry_run,
       Done done)
      : c_(collaborators),
        query_(std::move(query)),
        resolution_(std::move(resolution)),
        dry_run_(dry_run),
        done_(std::move(done)) {}

  void NextPage() {
    if (c_.hub->draining()) {
      done_(errors::ShuttingDown());
      return;
    }
    c_.store->List(query_, [self = shared_from_this()](absl::StatusOr<ListPage> page) {
      if (!page.ok()) {
        self->done_(page.status());
        return;
      }
      self->OnPage(*page);
    });
  }

 private:
  void OnPage(const ListPage& page) {
    has_more_ = page.has_more;
    query_.after = page.next;
    result_.matched += static_cast<int64_t>(page.submissions.size());
    for (const SubmissionWithAttempts& one : page.submissions) {
      if (result_.sample.size() < kBulkSampleMax) {
        result_.sample.push_back(one.submission.id);
      }
    }
    // One more than there are writes: the page does not end while they are being handed in.
    waiting_ = 1;
    if (!dry_run_) {
      waiting_ += static_cast<int64_t>(page.submissions.size());
      for (const SubmissionWithAttempts& one : page.submissions) {
        Resolve(one.submission);
      }
    }
    OneDone();
  }

  void Resolve(const Submission& submission) {
    ApplyCommand command{.key = submission.id, .etag = Etag(submission), .transition = resolution_};
    c_.store->Apply(std::move(command),
                    [self = shared_from_this()](absl::StatusOr<Submission> after) {
                      if (after.ok()) {
                        ++self->resolved_;
                        self->c_.hub->Publish(*after);
                      } else if (absl::IsUnavailable(after.status())) {
                        absl::MutexLock lock(&self->mu_);
                        self->failure_ = after.status();
                      }
                      self->OneDone();
                    });
  }

  void OneDone() {
    if (--waiting_ > 0) {
      return;
    }
    absl::Status failure;
    {
      absl::MutexLock lock(&mu_);
      failure = failure_;
    }
    if (!failure.ok()) {
      done_(std::move(failure));
    } else if (has_more_) {
      // Not from here: a store that answers at once would be called deeper with every page.
      c_.timers->At(c_.clock->Now(), [self = shared_from_this()] { self->NextPage(); });
    } else {
      result_.resolved = resolved_;
      done_(std::move(result_));
    }
  }

  const BulkCollaborators c_;
  ListQuery query_;
  const Resolution resolution_;
  const bool dry_run_;
  Done done_;
  // Touched by one page's callbacks after another; the writes of a page share what follows them.
  BulkResolved result_;
  bool has_more_ = false;
  std::atomic<int64_t> waiting_{0};
  std::atomic<int64_t> resolved_{0};
  absl::Mutex mu_;
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

void ResolveInBulk(const BulkCollaborators& collaborators, const Principal& caller,
                   BulkResolution bulk, Done done) {
  absl::Status fault = RequireOperator(caller);
  if (fault.ok()) {
    fault = CheckResolution(bulk.resolution);
  }
  if (fault.ok() && std::holds_alternative<AdoptTask>(bulk.resolution.kind)) {
    fault = errors::FieldInvalid(
        {MakeViolation("resolution.adopt_task_id", MakeText(TextId::kAdoptInBulk))});
  }
  if (!fault.ok()) {
    done(std::move(fault));
    return;
  }
  absl::StatusOr<std::optional<std::string>> tenant =
      TenantToRead(caller, bulk.tenant, AllTenants::kAllowed);
  if (!tenant.ok()) {
    done(tenant.status());
    return;
  }
  absl::StatusOr<ListQuery> query = UnknownsOf(*std::move(tenant), bulk.filter);
  if (!query.ok()) {
    done(query.status());
    return;
  }
  bulk.resolution.actor = caller.name;
  std::make_shared<Walk>(collaborators, *std::move(query), std::move(bulk.resolution), bulk.dry_run,
                         std::move(done))
      ->NextPage();
}

}  // namespace genledger
