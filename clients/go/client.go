// Package genledger is a client of Genledger, the ledger for paid generations.
//
// Messages are the generated ones of genledger/genledgerpb, whose comments say what each field means. A failed call
// returns an *Error (errors.As) of one of the families Err… (errors.Is).
package genledger

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"time"

	"github.com/golang/protobuf/ptypes"
	"github.com/golang/protobuf/ptypes/duration"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	pb "genledger/genledgerpb"
)

const (
	// What the server waits for a submission's outcome if the request does not say, and the longest wait that it
	// grants.
	submitWaitDefault = 20 * time.Second
	waitMax           = 60 * time.Second
	// How long Wait takes if the context has no deadline.
	waitTimeoutDefault = 15 * time.Minute
	// Shorter than what the server grants, so that a connection that died is noticed.
	pollMax = 30 * time.Second
)

// Client makes calls; every one has a deadline, and retries UNAVAILABLE and nothing else (RetryOptions). The
// families of every call: ErrUnavailable (nobody answered), ErrDeadlineExceeded, ErrAuth. Safe for concurrent use.
type Client struct {
	options     Options
	conn        *grpc.ClientConn
	generations pb.GenerationServiceClient
	admin       pb.AdminServiceClient
}

// NewClient does not connect yet. It fails for options that contradict each other or files that cannot be read.
func NewClient(options Options) (*Client, error) {
	options = options.withDefaults()
	conn, err := dial(options)
	if err != nil {
		return nil, err
	}
	return &Client{options: options, conn: conn, generations: pb.NewGenerationServiceClient(conn),
		admin: pb.NewAdminServiceClient(conn)}, nil
}

// Close ends the connections; calls under way fail.
func (c *Client) Close() error { return c.conn.Close() }

// NewRequestID makes a fresh idempotency key: a random UUID. Make it once per wanted generation, keep it with the
// work, and repeat with the same one.
func NewRequestID() string {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("genledger: the system has no randomness: " + err.Error())
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// SubmitResult is the server's answer, and the request_id that was sent.
type SubmitResult struct {
	*pb.SubmitGenerationResponse
	RequestID string
}

// TaskID is the upstream's; empty while it is still on its way (see Client.Wait).
func (r *SubmitResult) TaskID() string { return r.GetSubmission().GetTaskId() }

// Submit submits, or answers for the submission that is already there. Without a request_id one is made, once,
// before the first attempt: the result and every *Error carry it, and a repeat with it never pays twice. A worker
// that may crash makes its own, and keeps it with the work. The request is not changed.
func (c *Client) Submit(ctx context.Context, request *pb.SubmitGenerationRequest) (*SubmitResult, error) {
	if request != nil && request.GetRequestId() == "" && !request.GetValidateOnly() {
		request = proto.Clone(request).(*pb.SubmitGenerationRequest)
		request.RequestId = NewRequestID()
	}
	return c.SubmitByContent(ctx, request)
}

// SubmitByContent is Submit without making a request_id: where the request has none, only equal content is
// recognised.
func (c *Client) SubmitByContent(ctx context.Context, request *pb.SubmitGenerationRequest) (*SubmitResult, error) {
	if request == nil {
		return nil, &Error{Code: codes.InvalidArgument, Message: "the request is nil"}
	}
	wait := time.Duration(0)
	if !request.GetValidateOnly() {
		wait = grantedWait(request.GetWait(), submitWaitDefault)
	}
	response, err := call(ctx, c, wait, c.generations.SubmitGeneration, request)
	if err != nil {
		err.RequestID = request.GetRequestId()
		return nil, err
	}
	return &SubmitResult{SubmitGenerationResponse: response, RequestID: request.GetRequestId()}, nil
}

// Get finds one submission; with Wait a long poll for a greater revision. ErrNotFound.
func (c *Client) Get(ctx context.Context, request *pb.GetSubmissionRequest) (*pb.Submission, error) {
	return result(call(ctx, c, grantedWait(request.GetWait(), 0), c.generations.GetSubmission, request))
}

// IsSettled says whether waiting is over: ended, accepted, or unknown without a policy that will act.
func IsSettled(submission *pb.Submission) bool {
	switch submission.GetState() {
	case pb.Submission_STATE_OUTCOME_UNKNOWN:
		return submission.GetNextAttemptTime() == nil
	case pb.Submission_STATE_PENDING, pb.Submission_STATE_DISPATCHING:
		return false
	}
	return true
}

// Wait returns the submission that the request names once it IsSettled: look at its state. It goes on while a server
// is away or replaced (Options.ReconnectMax), until the context's deadline, or for 15 min. ErrNotFound.
func (c *Client) Wait(ctx context.Context, request *pb.GetSubmissionRequest) (*pb.Submission, error) {
	ctx, cancel := withDefaultTimeout(ctx, waitTimeoutDefault)
	defer cancel()
	request = proto.Clone(request).(*pb.GetSubmissionRequest)
	retry := c.options.Retry
	retry.AttemptsMax = math.MaxInt32
	heard, failures := time.Now(), 0
	for {
		submission, err := call(ctx, c, grantedWait(request.GetWait(), 0), c.generations.GetSubmission, request)
		if err == nil {
			if IsSettled(submission) {
				return submission, nil
			}
			heard, failures = time.Now(), 0
			request.WaitForRevisionAfter = submission.GetRevision()
			request.Wait = ptypes.DurationProto(pollMax)
			continue
		}
		failures++
		if ctx.Err() != nil {
			return nil, contextError(ctx)
		}
		err.Attempts = failures
		delay, again := delayAfter(retry, err, time.Until(heard.Add(c.options.ReconnectMax)))
		if !again {
			return nil, err
		}
		if err := sleep(ctx, delay); err != nil {
			return nil, err
		}
	}
}

// BatchGet finds at most 100, in the order of the request. ErrNotFound: one of them is missing.
func (c *Client) BatchGet(ctx context.Context, request *pb.BatchGetSubmissionsRequest) ([]*pb.Submission, error) {
	response, err := call(ctx, c, 0, c.generations.BatchGetSubmissions, request)
	if err != nil {
		return nil, err
	}
	return response.GetSubmissions(), nil
}

// Cancel by id is for everybody, by request_id withdraws that one; the outcome says what became of it. A repeat
// answers for the first. ErrNotFound; ErrStateConflict: the etag is old.
func (c *Client) Cancel(ctx context.Context, request *pb.CancelSubmissionRequest) (*pb.CancelSubmissionResponse, error) {
	return result(call(ctx, c, 0, c.generations.CancelSubmission, request))
}

// ReleaseDedupe lets the content of a SUBMITTED submission be submitted again. ErrNotFound; ErrStateConflict.
func (c *Client) ReleaseDedupe(ctx context.Context, request *pb.ReleaseDedupeRequest) (*pb.Submission, error) {
	return result(call(ctx, c, 0, c.generations.ReleaseDedupe, request))
}

// ListModels says what each model accepts.
func (c *Client) ListModels(ctx context.Context) ([]*pb.Model, error) {
	response, err := call(ctx, c, 0, c.generations.ListModels, &pb.ListModelsRequest{})
	if err != nil {
		return nil, err
	}
	return response.GetModels(), nil
}

// Resolve is for operators: settles OUTCOME_UNKNOWN (or corrects ABANDONED) by evidence. ErrNotFound;
// ErrStateConflict.
func (c *Client) Resolve(ctx context.Context, request *pb.ResolveSubmissionRequest) (*pb.Submission, error) {
	return result(call(ctx, c, 0, c.admin.ResolveSubmission, request))
}

// BulkResolve is for operators: settles all OUTCOME_UNKNOWN that a filter names. After an error some may be settled;
// a repeat settles the others.
func (c *Client) BulkResolve(ctx context.Context,
	request *pb.BulkResolveSubmissionsRequest) (*pb.BulkResolveSubmissionsResponse, error) {
	return result(call(ctx, c, 0, c.admin.BulkResolveSubmissions, request))
}

// Retry is for operators: starts a new run of a FAILED or CANCELLED submission. ErrNotFound; ErrStateConflict.
func (c *Client) Retry(ctx context.Context, request *pb.RetrySubmissionRequest) (*pb.Submission, error) {
	return result(call(ctx, c, 0, c.admin.RetrySubmission, request))
}

// ServiceStatus is for operators: what the replica that answers is doing.
func (c *Client) ServiceStatus(ctx context.Context) (*pb.ServiceStatus, error) {
	return result(call(ctx, c, 0, c.admin.GetServiceStatus, &pb.GetServiceStatusRequest{}))
}

// call runs one unary RPC with credentials, one deadline for all attempts, and retries.
func call[Request, Response any](ctx context.Context, c *Client, wait time.Duration,
	rpc func(context.Context, Request, ...grpc.CallOption) (Response, error), request Request) (Response, *Error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout+wait)
	defer cancel()
	var none Response
	for attempts := 1; ; attempts++ {
		attempt, failure := c.withToken(ctx)
		if failure != nil {
			return none, failure
		}
		var trailer metadata.MD
		response, err := rpc(attempt, request, grpc.Trailer(&trailer))
		if err == nil {
			return response, nil
		}
		failure = errorFromRPC(ctx, err, trailer)
		failure.Attempts = attempts
		deadline, _ := ctx.Deadline()
		delay, again := delayAfter(c.options.Retry, failure, time.Until(deadline))
		if !again || sleep(ctx, delay) != nil {
			return none, failure
		}
	}
}

// result keeps a nil *Error from becoming an error that is not nil.
func result[Response any](response Response, err *Error) (Response, error) {
	if err != nil {
		return response, err
	}
	return response, nil
}

// grantedWait is by how much a requested wait moves the deadline; waits that the server refuses do not.
func grantedWait(wait *duration.Duration, otherwise time.Duration) time.Duration {
	if wait == nil {
		return otherwise
	}
	asked := time.Duration(wait.GetSeconds())*time.Second + time.Duration(wait.GetNanos())
	switch {
	case asked < 0:
		return 0
	case asked > waitMax:
		return waitMax
	}
	return asked
}

func withDefaultTimeout(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, timeout)
}
