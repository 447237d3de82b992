package genledger

import (
	"context"
	"math/rand"
	"time"

	"google.golang.org/grpc/codes"
)

// delayAfter is the one place that decides whether and when a call is attempted again; false: it is not. err.Attempts
// counts those made.
func delayAfter(retry RetryOptions, err *Error, left time.Duration) (time.Duration, bool) {
	if !err.Retryable() || err.Attempts >= retry.AttemptsMax {
		return 0, false
	}
	backoff := retry.BackoffBase
	for attempt := 1; attempt < err.Attempts && backoff < retry.BackoffMax; attempt++ {
		backoff *= 2
	}
	if backoff > retry.BackoffMax {
		backoff = retry.BackoffMax
	}
	delay := time.Duration(rand.Float64() * float64(backoff))
	if err.RetryDelay != nil && *err.RetryDelay > delay {
		delay = *err.RetryDelay
	}
	if err.Pushback != nil {
		delay = *err.Pushback
	}
	return delay, delay < left
}

// sleep ends early, with the context's error, when that is done.
func sleep(ctx context.Context, delay time.Duration) *Error {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return contextError(ctx)
	}
}

func contextError(ctx context.Context) *Error {
	if ctx.Err() == context.DeadlineExceeded {
		return &Error{Code: codes.DeadlineExceeded, Message: "the context's deadline has passed"}
	}
	return &Error{Code: codes.Canceled, Message: "the context was cancelled"}
}
