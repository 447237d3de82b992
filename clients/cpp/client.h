// A typed client of genledger.v1.GenerationService and AdminService.
#pragma once

#include <grpcpp/channel.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "clients/cpp/options.h"
#include "clients/cpp/result.h"
#include "clients/cpp/submission_watch.h"
#include "genledger/v1/admin_service.grpc.pb.h"
#include "genledger/v1/generation_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace genledger::client {

class SubmissionPages;

// Every call blocks until it has its answer, has a deadline, and retries UNAVAILABLE and nothing
// else (RetryOptions). Errors are the server's, decoded, and besides them, of every call:
//   UNAVAILABLE        nobody answered at that address
//   DEADLINE_EXCEEDED  no answer in time; the server may have done the work all the same
//   UNAUTHENTICATED    the token file cannot be used
// Thread safe.
class Client {
 public:
  // Does not connect yet. INVALID_ARGUMENT: the options, see MakeChannel.
  static Result<std::unique_ptr<Client>> Create(ClientOptions options);

  // Over a channel of the caller's; the options that describe one are not looked at.
  Client(ClientOptions options, const std::shared_ptr<grpc::Channel>& channel);

  // Submits, or answers for the submission that is already there. Sends the same request in every
  // attempt: a request_id is the caller's to make, once per wanted generation (NewRequestId), and
  // none is invented here, because a new one may pay again for content whose outcome is unknown.
  // OK if and only if the submission is PENDING, DISPATCHING or SUBMITTED; with no task_id in the
  // answer it is still on its way.
  Result<v1::SubmitGenerationResponse> Submit(const v1::SubmitGenerationRequest& request);

  // One submission by id, request_id or task_id; with `wait`, a long poll. NOT_FOUND.
  Result<v1::Submission> Get(const v1::GetSubmissionRequest& request);

  // At most 100, in the order of the request; NOT_FOUND if one of them is missing.
  Result<std::vector<v1::Submission>> BatchGet(const v1::BatchGetSubmissionsRequest& request);

  // The pages from request.page_token on; calls nothing yet. The client must outlive the pages.
  SubmissionPages List(v1::ListSubmissionsRequest request);

  // One submission as it changes, events after request.after_revision; calls nothing yet. The
  // client must outlive the watch.
  SubmissionWatch Watch(v1::WatchSubmissionRequest request);

  // By id cancels for everybody, by request_id withdraws that one. OK says that it was understood;
  // the outcome says what became of it. A repeat answers for the first: a lost answer can turn
  // CANCELLED_FREE into ALREADY_TERMINAL. NOT_FOUND; ABORTED: the etag is old.
  Result<v1::CancelSubmissionResponse> Cancel(const v1::CancelSubmissionRequest& request);

  // Lets the content of a SUBMITTED submission be submitted again. A repeat changes nothing.
  // NOT_FOUND; ABORTED: the etag is old; FAILED_PRECONDITION ILLEGAL_STATE: not SUBMITTED.
  Result<v1::Submission> ReleaseDedupe(const v1::ReleaseDedupeRequest& request);

  Result<std::vector<v1::Model>> ListModels();

  // For operators (the others: PERMISSION_DENIED): settles OUTCOME_UNKNOWN, or corrects ABANDONED,
  // by evidence. NOT_FOUND; ABORTED: the etag is old; INVALID_ARGUMENT; FAILED_PRECONDITION
  // ILLEGAL_STATE: not in those states, which is also the answer if an earlier attempt of this call
  // did it and its answer was lost. The same holds for Retry.
  Result<v1::Submission> Resolve(const v1::ResolveSubmissionRequest& request);

  // For operators: settles all OUTCOME_UNKNOWN that a filter names; with dry_run only counts and
  // lists them. After an error some may be settled; a repeat settles the others. INVALID_ARGUMENT.
  Result<v1::BulkResolveSubmissionsResponse> BulkResolve(
      const v1::BulkResolveSubmissionsRequest& request);

  // For operators: starts a new run of a FAILED or CANCELLED submission. NOT_FOUND; ABORTED: the
  // etag is old; INVALID_ARGUMENT: no note; FAILED_PRECONDITION ILLEGAL_STATE.
  Result<v1::Submission> Retry(const v1::RetrySubmissionRequest& request);

  // For operators: what the replica that answers is doing; the counts are the store's.
  Result<v1::ServiceStatus> GetServiceStatus();

  // grpc.health.v1; the empty name asks about the whole server. NOT_FOUND: no such service.
  Result<grpc::health::v1::HealthCheckResponse::ServingStatus> CheckHealth(
      const std::string& service);

 private:
  friend class SubmissionPages;

  // Runs one unary call with credentials, deadline (timeout plus `wait`) and retries.
  template <typename Response>
  Result<Response> Call(absl::Duration wait,
                        const std::function<grpc::Status(grpc::ClientContext&, Response&)>& rpc);

  const ClientOptions options_;
  const std::unique_ptr<v1::GenerationService::Stub> generations_;
  const std::unique_ptr<v1::AdminService::Stub> admin_;
  const std::unique_ptr<grpc::health::v1::Health::Stub> health_;
};

// The pages of one listing, one call each. Not thread safe.
class SubmissionPages {
 public:
  // The next page; nullopt after the last. After an error, calling again asks for the same page.
  // INTERNAL: the server answered with the page token that it was asked with, which would go on
  // for ever.
  Result<std::optional<v1::ListSubmissionsResponse>> Next();

 private:
  friend class Client;
  SubmissionPages(Client* client, v1::ListSubmissionsRequest request)
      : client_(client), request_(std::move(request)) {}

  Client* client_;
  v1::ListSubmissionsRequest request_;
  bool ended_ = false;
};

}  // namespace genledger::client
