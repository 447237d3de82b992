#include "service/http/watch_events.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "service/api/watch_message.h"
#include "service/base/texts.h"
#include "service/http/error_response.h"
#include "service/http/proto_to_json.h"

namespace genledger {
namespace {

// How long a client whose connection ended waits before it comes back.
constexpr char kRetry[] = "retry: 1000\n";
constexpr char kEnd[] = "event: end\ndata: {}\n\n";
constexpr char kHeartbeat[] = ": heartbeat\n\n";

std::string EventText(const char* type, int64_t id, const google::protobuf::Message& data) {
  std::string text;
  if (id > 0) {
    absl::StrAppend(&text, "id: ", id, "\n");
  }
  // JSON has no line breaks of its own.
  absl::StrAppend(&text, "event: ", type, "\ndata: ", ProtoToJson(data).value_or("{}"), "\n\n");
  return text;
}

// One stream; kept alive by the callback that it waits for.
class EventStream : public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(std::shared_ptr<HttpExchange> exchange, std::shared_ptr<SubmissionWatch> watch,
              int64_t after_revision, Language language, AccessLine line)
      : exchange_(std::move(exchange)),
        watch_(std::move(watch)),
        after_revision_(after_revision),
        language_(language),
        line_(std::move(line)) {}

  void Start() {
    exchange_->OnGone([watch = watch_] { watch->StopWaiting(); });
    Pull();
  }

 private:
  void Pull() {
    watch_->Next([self = shared_from_this()](absl::StatusOr<SubmissionWatch::Message> message) {
      self->OnMessage(std::move(message));
    });
  }

  void OnMessage(absl::StatusOr<SubmissionWatch::Message> message) {
    if (!message.ok()) {
      line_.End(message.status());
      // In the middle of a stream there is no status left to send: the client comes back for it.
      started_ ? exchange_->EndStream()
               : exchange_->Answer(ErrorResponse(message.status(), ErrorForm::kApi, language_));
      return;
    }
    v1::WatchSubmissionResponse proto;
    const WatchStep step = WatchMessageToProto(*message, &proto);
    last_ = step != WatchStep::kSend;
    std::string text = step == WatchStep::kEnd ? kEnd : TextOf(proto);
    if (started_) {
      Write(std::move(text));
      return;
    }
    started_ = true;
    exchange_->StartStream(
        {.status = 200,
         .headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}}},
        [self = shared_from_this(), text = kRetry + text](bool ok) mutable {
          if (ok) {
            self->Write(std::move(text));
          }
        });
  }

  std::string TextOf(const v1::WatchSubmissionResponse& proto) {
    switch (proto.message_case()) {
      case v1::WatchSubmissionResponse::kSnapshot:
        // The events of a stream that goes on are older than its snapshot: its id would skip them.
        return EventText("snapshot", after_revision_ > 0 ? 0 : proto.snapshot().revision(),
                         proto.snapshot());
      case v1::WatchSubmissionResponse::kEvent:
        return EventText("event", proto.event().revision(), proto.event());
      case v1::WatchSubmissionResponse::kResume:
        return EventText("resume", 0, proto.resume());
      default:
        return kHeartbeat;
    }
  }

  void Write(std::string text) {
    exchange_->Write(std::move(text), [self = shared_from_this()](bool ok) {
      if (ok && self->last_) {
        self->line_.End(absl::OkStatus());
        self->exchange_->EndStream();
      } else if (ok) {
        self->Pull();
      }
    });
  }

  const std::shared_ptr<HttpExchange> exchange_;
  const std::shared_ptr<SubmissionWatch> watch_;
  const int64_t after_revision_;
  const Language language_;
  AccessLine line_;
  bool started_ = false;
  bool last_ = false;  // the message under way is the stream's last
};

}  // namespace

bool AcceptsEvents(const HttpRequest& request) {
  const std::string_view header = request.Header("Accept");
  if (header.empty()) {
    return true;
  }
  for (const absl::string_view range :
       absl::StrSplit(absl::string_view(header.data(), header.size()), ',')) {
    const absl::string_view type = absl::StripAsciiWhitespace(range.substr(0, range.find(';')));
    if (type == "*/*" || absl::EqualsIgnoreCase(type, "text/*") ||
        absl::EqualsIgnoreCase(type, "text/event-stream")) {
      return true;
    }
  }
  return false;
}

void ReadLastEventId(const HttpRequest& request, v1::WatchSubmissionRequest* proto,
                     std::vector<FieldViolation>* faults) {
  const std::string id(request.Header("Last-Event-ID"));
  int64_t revision = 0;
  if (id.empty()) {
    return;
  }
  if (id.find_first_not_of("0123456789") != std::string::npos || !absl::SimpleAtoi(id, &revision)) {
    faults->push_back(MakeViolation("Last-Event-ID", MakeText(TextId::kLastEventId)));
    return;
  }
  proto->set_after_revision(revision);
}

void SendWatchEvents(std::shared_ptr<HttpExchange> exchange, std::shared_ptr<SubmissionWatch> watch,
                     int64_t after_revision, Language language, AccessLine line) {
  std::make_shared<EventStream>(std::move(exchange), std::move(watch), after_revision, language,
                                std::move(line))
      ->Start();
}

}  // namespace genledger
