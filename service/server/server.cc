#include "service/server/server.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "service/api/admin_api.h"
#include "service/api/generation_api.h"
#include "service/base/access_log.h"
#include "service/base/clock.h"
#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "service/base/status_macros.h"
#include "service/base/timer_queue.h"
#include "service/dispatch/change_hub.h"
#include "service/dispatch/change_service.h"
#include "service/dispatch/dispatcher.h"
#include "service/dispatch/readiness.h"
#include "service/dispatch/receipt_journal.h"
#include "service/dispatch/receipt_replay.h"
#include "service/dispatch/remote_changes.h"
#include "service/dispatch/retention_sweeper.h"
#include "service/dispatch/status_service.h"
#include "service/dispatch/submission_service.h"
#include "service/http/api_routes.h"
#include "service/http/call_threads.h"
#include "service/http/health_routes.h"
#include "service/http/http_server.h"
#include "service/http/openapi.h"
#include "service/http/page_routes.h"
#include "service/http/router.h"
#include "service/rpc/admin_service.h"
#include "service/rpc/generation_service.h"
#include "service/rpc/health_service.h"
#include "service/rpc/tls_credentials.h"
#include "service/server/descriptor_limit.h"
#include "service/server/security.h"
#include "service/server/version.h"
#include "service/telemetry/access_log_writer.h"
#include "service/telemetry/json_logger.h"
#include "service/upstream/api_key_file.h"
#include "service/upstream/credential.h"
#include "service/upstream/http_upstream_client.h"
#include "storage/await_answer.h"
#include "storage/store_factory.h"

namespace genledger {
namespace {

// A request with the longest prompt and URLs allowed fits many times over.
constexpr int kReceiveBytesMax = 1024 * 1024;
// A full page of the largest submissions must fit into an answer.
constexpr int kSendBytesMax = 64 * 1024 * 1024;
// For TLS's handshake and HTTP/2's.
constexpr absl::Duration kGrpcHandshakeTimeout = absl::Seconds(10);
// Lists over HTTP at once; each takes a core.
constexpr size_t kHttpCallThreads = 2;
// How long calls that were answered by the drain may take to leave.
constexpr absl::Duration kRpcDrainTimeout = absl::Seconds(5);
// How long the last outcomes may take to be stored, once their POSTs have ended.
constexpr absl::Duration kStoreDrainTimeout = absl::Seconds(10);

// `flag` names the file in errors. An empty path is no file.
absl::Status WritePortFile(const char* flag, const std::string& path, int port) {
  if (path.empty()) {
    return absl::OkStatus();
  }
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("--", flag, ": ", path, " is not a file"));
  }
  const std::string temporary = absl::StrCat(path, ".", getpid());
  {
    std::ofstream file(temporary);
    file << port << "\n";
    if (!file.flush()) {
      return absl::InvalidArgumentError(absl::StrCat("--", flag, ": cannot write ", temporary));
    }
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("--", flag, ": cannot write ", path));
  }
  return absl::OkStatus();
}

// gRPC and protobuf log through one function each of the whole process. Their errors are no concern
// of ours while it serves (they are those of peers), and at start the one line that says why is our
// own.
void SilenceGrpc() {
  gpr_set_log_function([](gpr_log_func_args*) {});
  // Protobuf would write a line of its own for every message of a peer that does not parse.
  google::protobuf::SetLogHandler(nullptr);
}

class ServerImpl final : public Server {
 public:
  explicit ServerImpl(ServerConfig config)
      : config_(std::move(config)),
        logger_(NewJsonLogger()),
        access_log_(config_.access_log ? NewAccessLogWriter({}) : nullptr),
        random_(NewSystemRandomSource()),
        ids_(random_.get()),
        timers_(NewThreadTimerQueue(&clock_)),
        hub_(timers_.get()),
        health_({v1::GenerationService::service_full_name(), v1::AdminService::service_full_name(),
                 grpc::health::v1::Health::service_full_name()}),
        router_(config_.http_host_names) {}

  ~ServerImpl() override {
    if (!drained_) {
      Drain();
    }
  }

  absl::Status Start();

  int port() const override { return port_; }
  bool Drain() override;

 private:
  absl::Status OpenStoreAndRecover();
  absl::Status ConnectUpstream();
  absl::Status Serve();
  absl::Status ServeHttp();

  ServerConfig config_;
  SystemClock wall_clock_;
  SteadyClock clock_;
  const std::unique_ptr<Logger> logger_;
  const std::unique_ptr<AccessLog> access_log_;  // null: calls are not told
  const std::unique_ptr<RandomSource> random_;
  SubmissionIdGenerator ids_;
  std::unique_ptr<WorkflowStore> store_;
  std::unique_ptr<ReceiptJournal> receipts_;
  std::unique_ptr<ApiKeyFile> api_key_;
  std::unique_ptr<UpstreamClient> upstream_;
  const std::unique_ptr<TimerQueue> timers_;
  ChangeHub hub_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<SubmissionService> service_;
  std::unique_ptr<Security> security_;
  HealthServiceImpl health_;
  std::unique_ptr<Readiness> readiness_;
  std::unique_ptr<StatusService> status_;
  std::unique_ptr<RetentionSweeper> sweeper_;
  std::unique_ptr<RemoteChanges> remote_changes_;  // null: nobody else uses the store
  std::unique_ptr<ChangeService> changes_;
  std::unique_ptr<GenerationApi> generation_api_;
  std::unique_ptr<AdminApi> admin_api_;
  std::unique_ptr<AdminServiceImpl> admin_;
  std::unique_ptr<GenerationServiceImpl> generations_;
  std::shared_ptr<grpc::ServerCredentials> grpc_credentials_;
  std::unique_ptr<grpc::Server> grpc_;
  Router router_;
  std::unique_ptr<HttpServer> http_;  // null: there is no JSON front
  std::unique_ptr<CallThreads> http_calls_;
  int port_ = 0;
  bool serving_ = false;
  bool drained_ = false;
};

absl::Status ServerImpl::OpenStoreAndRecover() {
  GL_ASSIGN_OR_RETURN(
      store_, OpenStore(config_.store, {.clock = &wall_clock_,
                                        .logger = logger_.get(),
                                        .postgres_connections = config_.postgres_connections}));
  GL_ASSIGN_OR_RETURN(config_.upstream_account,
                      store_->BindUpstreamAccount({.upstream_account = config_.upstream_account,
                                                   .upstream_host = config_.upstream_url.host,
                                                   .allow_change = config_.new_upstream_account}));
  GL_ASSIGN_OR_RETURN(receipts_, ReceiptJournal::Open(config_.receipt_journal));
  GL_RETURN_IF_ERROR(ReplayReceipts(*receipts_, *store_, config_.replica, *logger_));
  // What nobody can own any more is unknown: on SQLite everything, because the store belongs to
  // this process alone; on PostgreSQL what ran out.
  GL_ASSIGN_OR_RETURN(
      const int64_t expired, AwaitAnswer<int64_t>([&](WorkflowStore::Callback<int64_t> done) {
        store_->ExpireAllLeases(config_.replica, config_.ambiguity, std::move(done));
      }));
  if (expired > 0) {
    logger_->Log(Severity::kWarning, "recovered_as_outcome_unknown",
                 {{"submissions", std::to_string(expired)}});
  }
  return absl::OkStatus();
}

absl::Status ServerImpl::ConnectUpstream() {
  GL_ASSIGN_OR_RETURN(UpstreamCredentials credentials,
                      MakeUpstreamCredentials({config_.upstream_api_key}));
  api_key_ = std::make_unique<ApiKeyFile>(
      config_.upstream_api_key_file, std::move(credentials),
      ApiKeyFile::Collaborators{
          .timers = timers_.get(), .clock = &clock_, .logger = logger_.get()});
  GL_ASSIGN_OR_RETURN(
      upstream_, NewHttpUpstreamClient({.base_url = config_.upstream_url.base,
                                        .credentials = [this] { return api_key_->credentials(); },
                                        .connect_timeout = config_.upstream_connect_timeout,
                                        .total_timeout = config_.upstream_timeout,
                                        .connections_max = config_.upstream_concurrency_max,
                                        .trust_5xx_envelope = config_.trust_5xx_envelope,
                                        .send_idempotency_key = config_.send_idempotency_key,
                                        .ca_file = config_.upstream_ca_file},
                                       &clock_));
  dispatcher_ = std::make_unique<Dispatcher>(
      DispatcherOptions{.replica = config_.replica,
                        .upstream_account = config_.upstream_account,
                        .gate = {.limiter = {.limit_initial = config_.upstream_concurrency_max,
                                             .limit_max = config_.upstream_concurrency_max},
                                 .breakers = {.upstream_scope = config_.upstream_url.host}},
                        .attempt_timeout = config_.upstream_timeout,
                        .lease = config_.lease,
                        .send_idempotency_key = config_.send_idempotency_key,
                        .ambiguity = config_.ambiguity},
      Dispatcher::Collaborators{.store = store_.get(),
                                .journal = receipts_.get(),
                                .upstream = upstream_.get(),
                                .hub = &hub_,
                                .timers = timers_.get(),
                                .clock = &clock_,
                                .random = random_.get(),
                                .logger = logger_.get()});
  service_ = std::make_unique<SubmissionService>(
      SubmissionServiceOptions{.upstream_account = config_.upstream_account,
                               .ambiguity_policy = config_.ambiguity_policy,
                               .backlog_max = config_.backlog_max,
                               .validation = config_.validation},
      SubmissionService::Collaborators{.store = store_.get(),
                                       .dispatcher = dispatcher_.get(),
                                       .hub = &hub_,
                                       .clock = &clock_,
                                       .ids = &ids_});
  changes_ = std::make_unique<ChangeService>(
      ChangeServiceOptions{.upstream_account = config_.upstream_account},
      ChangeService::Collaborators{
          .store = store_.get(), .dispatcher = dispatcher_.get(), .hub = &hub_});
  generation_api_ = std::make_unique<GenerationApi>(service_.get(), changes_.get());
  generations_ = std::make_unique<GenerationServiceImpl>(security_->authenticator(),
                                                         generation_api_.get(), access_log_.get());
  readiness_ = std::make_unique<Readiness>(ReadinessOptions{},
                                           Readiness::Collaborators{.store = store_.get(),
                                                                    .timers = timers_.get(),
                                                                    .clock = &clock_,
                                                                    .logger = logger_.get()},
                                           [this](bool ready) { health_.SetServing(ready); });
  status_ = std::make_unique<StatusService>(
      StatusServiceOptions{
          .version = kVersion, .replica = config_.replica, .start_time = wall_clock_.Now()},
      StatusService::Collaborators{.store = store_.get(),
                                   .dispatcher = dispatcher_.get(),
                                   .journal = receipts_.get(),
                                   .readiness = readiness_.get(),
                                   .hub = &hub_,
                                   .clock = &wall_clock_});
  admin_api_ = std::make_unique<AdminApi>(
      changes_.get(),
      BulkCollaborators{
          .store = store_.get(), .hub = &hub_, .timers = timers_.get(), .clock = &clock_},
      status_.get());
  admin_ = std::make_unique<AdminServiceImpl>(security_->authenticator(), admin_api_.get(),
                                              access_log_.get());
  return absl::OkStatus();
}

absl::Status ServerImpl::Serve() {
  SilenceGrpc();
  grpc::EnableDefaultHealthCheckService(false);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  // gRPC shares a busy port by default, and the kernel would split the traffic between two servers.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Who connects and says nothing (gRPC's own limit is 120 s).
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             static_cast<int>(absl::ToInt64Milliseconds(kGrpcHandshakeTimeout)));
  builder.SetMaxReceiveMessageSize(kReceiveBytesMax);
  builder.SetMaxSendMessageSize(kSendBytesMax);
  grpc_credentials_ = security_->tls() == nullptr ? grpc::InsecureServerCredentials()
                                                  : MakeTlsServerCredentials(security_->tls());
  builder.AddListeningPort(config_.listen, grpc_credentials_, &port_);
  builder.RegisterService(generations_.get());
  builder.RegisterService(admin_.get());
  builder.RegisterService(&health_);
  grpc_ = builder.BuildAndStart();
  if (grpc_ == nullptr || port_ == 0) {
    return absl::UnavailableError(
        absl::StrCat("--listen: cannot listen on ", config_.listen,
                     ": the port is in use, or this machine has no such address"));
  }
  return absl::OkStatus();
}

absl::Status ServerImpl::ServeHttp() {
  http_calls_ = std::make_unique<CallThreads>(kHttpCallThreads);
  AddPageRoutes(&router_, security_->authenticator(), generation_api_.get(), &wall_clock_,
                access_log_.get());
  AddApiRoutes(&router_, security_->authenticator(), generation_api_.get(), admin_api_.get(),
               access_log_.get(), http_calls_.get());
  AddOpenApiRoute(&router_, kVersion);
  AddHealthRoutes(&router_, [this] {
    const std::string reason = readiness_->not_ready_reason();
    return readiness_->ready() || !reason.empty() ? reason : std::string("starting");
  });
  absl::StatusOr<std::unique_ptr<HttpServer>> http =
      HttpServer::Start({.host = config_.http_listen->host,
                         .port = config_.http_listen->port,
                         .tls = security_->tls(),
                         .limits = {.body_bytes_max = kReceiveBytesMax,
                                    .connections_max = HttpConnectionsMax(DescriptorsMax())}},
                        &router_);
  if (!http.ok()) {
    return absl::UnavailableError(
        absl::StrCat("--http_listen (empty: none): ", http.status().message()));
  }
  http_ = *std::move(http);
  return absl::OkStatus();
}

absl::Status ServerImpl::Start() {
  GL_ASSIGN_OR_RETURN(security_, Security::Open(config_.security, {.timers = timers_.get(),
                                                                   .clock = &clock_,
                                                                   .wall_clock = &wall_clock_,
                                                                   .logger = logger_.get()}));
  GL_RETURN_IF_ERROR(OpenStoreAndRecover());
  GL_RETURN_IF_ERROR(ConnectUpstream());
  // Nothing is posted before everything that can fail has succeeded: until then what is submitted
  // is PENDING.
  GL_RETURN_IF_ERROR(Serve());
  if (config_.http_listen.has_value()) {
    GL_RETURN_IF_ERROR(ServeHttp());
    GL_RETURN_IF_ERROR(WritePortFile("http_port_file", config_.http_port_file, http_->port()));
  }
  GL_RETURN_IF_ERROR(WritePortFile("port_file", config_.port_file, port_));
  if (const uint64_t descriptors = DescriptorsMax(); descriptors < kDescriptorsEnough) {
    logger_->Log(Severity::kWarning, "descriptors_few",
                 {{"limit", std::to_string(descriptors)},
                  {"enough", std::to_string(kDescriptorsEnough)},
                  {"raise", "LimitNOFILE (systemd), ulimit -Hn"}});
  }
  dispatcher_->Start();
  readiness_->Start();
  api_key_->Start();
  security_->Start();
  if (store_->Info().is_shared) {
    remote_changes_ = std::make_unique<RemoteChanges>(
        RemoteChanges::Collaborators{.store = store_.get(),
                                     .dispatcher = dispatcher_.get(),
                                     .hub = &hub_,
                                     .timers = timers_.get(),
                                     .clock = &clock_});
    remote_changes_->Start();
  }
  sweeper_ = std::make_unique<RetentionSweeper>(
      config_.retention, RetentionSweeper::Collaborators{.store = store_.get(),
                                                         .timers = timers_.get(),
                                                         .clock = &wall_clock_,
                                                         .timer_clock = &clock_,
                                                         .logger = logger_.get()});
  sweeper_->Start();
  serving_ = true;
  logger_->Log(Severity::kInfo, "serving",
               {{"port", std::to_string(port_)},
                {"http_port", http_ == nullptr ? "" : std::to_string(http_->port())},
                {"store", store_->Info().description},
                {"upstream", config_.upstream_url.base},
                {"upstream_account", config_.upstream_account},
                {"replica", config_.replica}});
  return absl::OkStatus();
}

bool ServerImpl::Drain() {
  drained_ = true;
  if (readiness_ != nullptr) {
    readiness_->Drain();
  }
  if (serving_) {
    // Balancers that ask for health stop sending; what still comes is served.
    absl::SleepFor(config_.drain_delay);
  }
  health_.Shutdown();
  if (service_ != nullptr) {
    service_->Drain();
  }
  const absl::Time answers_deadline = absl::Now() + kRpcDrainTimeout;
  if (http_ != nullptr) {
    http_->Shutdown(answers_deadline);
    http_calls_.reset();
  }
  if (grpc_ != nullptr) {
    grpc_->Shutdown(absl::ToChronoTime(answers_deadline));
    grpc_->Wait();
  }
  bool finished = true;
  if (upstream_ != nullptr) {
    // Not Shutdown first: an attempt that waits to be sent again has no POST out.
    dispatcher_->AwaitIdle(absl::Now() + config_.drain_timeout);
    upstream_->Shutdown(absl::ZeroDuration());
    finished = dispatcher_->AwaitIdle(absl::Now() + kStoreDrainTimeout);
  }
  timers_->Stop();
  if (store_ != nullptr) {
    store_->Shutdown();
  }
  if (serving_) {
    logger_->Log(Severity::kInfo, "stopped", {{"clean", finished ? "true" : "false"}});
  }
  return finished;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerConfig config) {
  auto server = std::make_unique<ServerImpl>(std::move(config));
  GL_RETURN_IF_ERROR(server->Start());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace genledger
