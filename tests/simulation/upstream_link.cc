#include "tests/simulation/upstream_link.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/upstream/classify.h"

namespace genledger::simulation {
namespace {

// The key is the submission's id and its run.
SubmissionId SubmissionOf(const std::string& idempotency_key) {
  return SubmissionId(idempotency_key.substr(0, idempotency_key.rfind('-')));
}

}  // namespace

struct UpstreamLink::OnePost {
  PostRequest request;
  Done done;
  SubmissionId submission;
  int32_t attempt = 0;
  bool over = false;
};

void UpstreamLink::Post(PostRequest request, Done done) {
  auto post = std::make_shared<OnePost>();
  post->submission = SubmissionOf(request.idempotency_key);
  post->attempt = s_.auditor->OnPost(process_, post->submission,
                                     clock_->WhenShown(request.deadline - kAttemptTimeout));
  post->request = std::move(request);
  post->done = std::move(done);
  ++out_;
  std::shared_ptr<const void> on_its_way = s_.truth->Announce(post->submission);
  if (s_.dice->OneIn(s_.faults->not_sent)) {
    s_.loop->After(s_.dice->Between(absl::Milliseconds(1), absl::Seconds(5)), process_,
                   "upstream: cannot connect",
                   [this, post] { Finish(post, {.failure = TransportFailure::kConnectFailed}); });
    return;
  }
  s_.loop->After(s_.dice->Between(absl::Microseconds(100), absl::Milliseconds(20)), process_,
                 "upstream: connected",
                 [this, post, on_its_way = std::move(on_its_way)] { Connect(post, on_its_way); });
}

void UpstreamLink::Connect(const std::shared_ptr<OnePost>& post,
                           std::shared_ptr<const void> on_its_way) {
  const PostRequest& request = post->request;
  if (clock_->Now() > std::min(request.start_by, request.deadline)) {
    s_.coverage->Saw("too late to begin");
    Finish(post, {.failure = TransportFailure::kStartTooLate});
    return;
  }
  s_.loop->At(clock_->WhenShown(request.deadline), process_, "upstream: time is up", [this, post] {
    Finish(post, {.failure = TransportFailure::kTimeout, .request_byte_written = true});
  });
  const absl::Duration way = s_.dice->Between(absl::Microseconds(100), absl::Milliseconds(50));
  if (s_.dice->OneIn(s_.faults->request_torn)) {
    s_.loop->After(way, process_, "upstream: request torn", [this, post] {
      Finish(post, {.failure = TransportFailure::kConnectionLost, .request_byte_written = true});
    });
    return;
  }
  // What has left arrives, even if its process dies now.
  s_.loop->After(way, kWorld, "upstream: body arrives",
                 [this, post, on_its_way = std::move(on_its_way)] { Arrive(post); });
}

void UpstreamLink::Arrive(const std::shared_ptr<OnePost>& post) {
  UpstreamReply reply =
      s_.truth->Receive({.submission = post->submission,
                         .attempt = post->attempt,
                         .idempotency_key = post->request.idempotency_key,
                         .credential = std::string(post->request.api_key.Reveal()),
                         .body = post->request.body});
  s_.trace->Note(s_.loop->now(), absl::StrCat("  ", post->submission.value(), " attempt ",
                                              post->attempt, ": ", reply.status, " ", reply.body));
  s_.auditor->OnArrived(post->submission);
  HttpExchange exchange{.request_byte_written = true};
  if (s_.dice->OneIn(s_.faults->reply_lost)) {
    s_.coverage->Saw("a reply lost");
    exchange.failure = TransportFailure::kConnectionLost;
  } else {
    exchange.http_status = reply.status;
    exchange.retry_after = std::move(reply.retry_after);
    exchange.body = std::move(reply.body);
    if (s_.dice->OneIn(s_.faults->reply_torn)) {
      s_.coverage->Saw("a body torn");
      exchange.failure = TransportFailure::kAnswerCutShort;
      exchange.body.resize(exchange.body.size() / 2);
    }
  }
  s_.loop->After(reply.work + s_.dice->Between(absl::Microseconds(100), absl::Milliseconds(50)),
                 process_, "upstream: answer",
                 [this, post, exchange = std::move(exchange)] { Finish(post, exchange); });
}

void UpstreamLink::Finish(const std::shared_ptr<OnePost>& post, HttpExchange exchange) {
  if (std::exchange(post->over, true)) {
    return;
  }
  --out_;
  AttemptResult result = Classify(exchange, {.trust_5xx_envelope = s_.options->trust_5xx_envelope,
                                             .now = clock_->Now(),
                                             .api_key = post->request.api_key});
  s_.trace->Note(s_.loop->now(), absl::StrCat("  ", process_, " learns of attempt ", post->attempt,
                                              " of ", post->submission.value(), ": class ",
                                              static_cast<int>(result.outcome)));
  if (result.outcome == AttemptClass::kAccepted) {
    s_.auditor->OnProof(process_, post->submission, post->attempt);
  }
  Done done = std::move(post->done);
  done(std::move(result));
}

}  // namespace genledger::simulation
