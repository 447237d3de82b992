package genledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	errorDomain = "genledger"
	pushbackKey = "grpc-retry-pushback-ms"
)

// The families of reasons, for errors.Is.
var (
	// A field breaks a rule; Error.Violations has them all, and nothing was written.
	ErrInvalidRequest = errors.New("invalid request")
	// The upstream refused the content: the same content is refused again.
	ErrUpstreamRefused = errors.New("upstream refused the request")
	// The request_id names another payload, or its record is gone.
	ErrRequestID = errors.New("request_id reused or expired")
	// There is no such submission, or it is another tenant's.
	ErrNotFound = errors.New("not found")
	// The submission was cancelled; a new request_id submits it again.
	ErrSubmissionCancelled = errors.New("submission cancelled")
	// It may have been charged, and nobody can know (yet): never submit it again blindly.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// The etag is old, or the verb does not fit the submission's state.
	ErrStateConflict = errors.New("state conflict")
	// The service's own account or set-up upstream is at fault: an operator must act.
	ErrUpstreamAccount = errors.New("upstream account")
	// A quota, the backlog or the upstream's rate limit: later, see Error.RetryAfter.
	ErrLimit = errors.New("limit reached")
	// Not now: nobody answered, or the service or the upstream could not take it. A repeat never pays twice.
	ErrUnavailable = errors.New("unavailable")
	// No valid credential, or one that does not allow this.
	ErrAuth = errors.New("not authenticated or not allowed")
	// No answer in time; context.DeadlineExceeded too. The server may have done the work all the same: repeat with
	// the same request_id.
	ErrDeadlineExceeded = errors.New("deadline exceeded")
)

var familyOfReason = map[string]error{
	"FIELD_INVALID":               ErrInvalidRequest,
	"REQUEST_ID_REUSED":           ErrRequestID,
	"REQUEST_ID_EXPIRED":          ErrRequestID,
	"SUBMISSION_NOT_FOUND":        ErrNotFound,
	"SUBMISSION_CANCELLED":        ErrSubmissionCancelled,
	"SUBMISSION_ABANDONED":        ErrOutcomeUnknown,
	"SUBMIT_WITHIN_EXPIRED":       ErrUnavailable,
	"ETAG_MISMATCH":               ErrStateConflict,
	"ILLEGAL_STATE":               ErrStateConflict,
	"UPSTREAM_REFUSED_REQUEST":    ErrUpstreamRefused,
	"UPSTREAM_CREDENTIAL_INVALID": ErrUpstreamAccount,
	"UPSTREAM_BALANCE_EXHAUSTED":  ErrUpstreamAccount,
	"UPSTREAM_FORBIDDEN":          ErrUpstreamAccount,
	"UPSTREAM_MISCONFIGURED":      ErrUpstreamAccount,
	"UPSTREAM_RATE_LIMITED":       ErrLimit,
	"UPSTREAM_UNAVAILABLE":        ErrUnavailable,
	"UPSTREAM_OUTCOME_UNKNOWN":    ErrOutcomeUnknown,
	"TENANT_QUOTA_EXCEEDED":       ErrLimit,
	"BACKLOG_FULL":                ErrLimit,
	"STORE_UNAVAILABLE":           ErrUnavailable,
	"SHUTTING_DOWN":               ErrUnavailable,
	"UNAUTHENTICATED":             ErrAuth,
	"PERMISSION_DENIED":           ErrAuth,
}

// For answers without a reason of ours: nobody listens, a proxy answered, the client gave up.
var familyOfCode = map[codes.Code]error{
	codes.InvalidArgument:   ErrInvalidRequest,
	codes.NotFound:          ErrNotFound,
	codes.Unavailable:       ErrUnavailable,
	codes.DeadlineExceeded:  ErrDeadlineExceeded,
	codes.Unauthenticated:   ErrAuth,
	codes.PermissionDenied:  ErrAuth,
	codes.ResourceExhausted: ErrLimit,
}

// Violation is one fault of a request. Field is empty in the closing "and N more".
type Violation struct {
	Field       string
	Description string
}

// Error is what a failed call returns; errors.As finds it, errors.Is its family. Texts are the server's: escape them
// before a terminal or a page shows them.
type Error struct {
	Code    codes.Code
	Message string
	// genledger.v1.ErrorReason without its prefix; empty if the answer is not a Genledger server's.
	Reason string
	// Short facts: submission_id, fields, http_status, …
	Metadata   map[string]string
	Violations []Violation
	// google.rpc.RetryInfo; nil: the server did not say.
	RetryDelay *time.Duration
	// What grpc-retry-pushback-ms said; negative: never retry.
	Pushback *time.Duration
	// Attempts made; 0 if the call failed before anything was sent.
	Attempts int
	// Of Submit: the one that was sent, made here or not. A repeat with it never pays twice.
	RequestID string
}

func (e *Error) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("%v: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%v (%s): %s", e.Code, e.Reason, e.Message)
}

// Is says whether target is the error's family, or the context's error that it stands for.
func (e *Error) Is(target error) bool {
	switch target {
	case context.DeadlineExceeded:
		return e.Code == codes.DeadlineExceeded
	case context.Canceled:
		return e.Code == codes.Canceled
	}
	family, known := familyOfReason[e.Reason]
	if !known {
		family = familyOfCode[e.Code]
	}
	return family != nil && family == target
}

// SubmissionID is the submission that the error is about; empty if there is none.
func (e *Error) SubmissionID() string { return e.Metadata["submission_id"] }

// RetryAfter is when a repeat may do better; false: the server did not say.
func (e *Error) RetryAfter() (time.Duration, bool) {
	if e.RetryDelay != nil {
		return *e.RetryDelay, true
	}
	if e.Pushback != nil && *e.Pushback >= 0 {
		return *e.Pushback, true
	}
	return 0, false
}

// Retryable says whether the same call may be repeated, later, as it is.
func (e *Error) Retryable() bool {
	return e.Code == codes.Unavailable && (e.Pushback == nil || *e.Pushback >= 0)
}

// A value that is no number means "never", as a negative one does.
func pushbackFromText(text string) *time.Duration {
	delay := -time.Millisecond
	if millis, err := strconv.ParseUint(text, 10, 40); err == nil {
		delay = time.Duration(millis) * time.Millisecond
	}
	return &delay
}

// errorFromRPC decodes what a stub returned.
func errorFromRPC(ctx context.Context, err error, trailer metadata.MD) *Error {
	decoded := status.Convert(err)
	if decoded.Code() == codes.Canceled && ctx.Err() == nil {
		// Nobody here has cancelled it: a server that shuts down resets what is still open.
		return &Error{Code: codes.Unavailable, Message: "the call was reset"}
	}
	result := &Error{Code: decoded.Code(), Message: decoded.Message()}
	for _, detail := range decoded.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.GetDomain() == errorDomain {
				result.Reason, result.Metadata = detail.GetReason(), detail.GetMetadata()
			}
		case *errdetails.BadRequest:
			for _, violation := range detail.GetFieldViolations() {
				result.Violations = append(result.Violations,
					Violation{Field: violation.GetField(), Description: violation.GetDescription()})
			}
		case *errdetails.RetryInfo:
			delay := detail.GetRetryDelay()
			seconds := time.Duration(delay.GetSeconds())*time.Second + time.Duration(delay.GetNanos())
			result.RetryDelay = &seconds
		}
	}
	if texts := trailer.Get(pushbackKey); len(texts) > 0 {
		result.Pushback = pushbackFromText(texts[0])
	}
	return result
}
