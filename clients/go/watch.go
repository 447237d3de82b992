package genledger

import (
	"context"
	"io"
	"math"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	pb "genledger/genledgerpb"
)

// Watch is one submission as it changes: a snapshot first, then every later event in revision order, each once and
// without a gap, over as many streams as that takes. It goes on by itself where a stream broke, fell silent or was
// ended by a server that drains. Not safe for concurrent use.
//
//	watch := client.Watch(ctx, &pb.WatchSubmissionRequest{Key: …})
//	defer watch.Close()
//	for watch.Next() {
//		fmt.Println(watch.Event())
//	}
//	err := watch.Err()
type Watch struct {
	client   *Client
	ctx      context.Context
	cancel   context.CancelFunc
	request  *pb.WatchSubmissionRequest
	snapshot *pb.Submission
	event    *pb.SubmissionEvent
	err      *Error
	ended    bool

	stream       pb.GenerationService_WatchSubmissionClient
	streamCancel context.CancelFunc
	hadStream    bool // some stream has spoken
	spoke        bool // the present one has
	draining     bool
	failures     int       // in a row
	giveUp       time.Time // of the failures in a row
}

// Watch calls nothing yet. The context ends the watch; the request is not changed.
func (c *Client) Watch(ctx context.Context, request *pb.WatchSubmissionRequest) *Watch {
	ctx, cancel := context.WithCancel(ctx)
	return &Watch{client: c, ctx: ctx, cancel: cancel, request: proto.Clone(request).(*pb.WatchSubmissionRequest)}
}

// Next waits for news; false: the submission has ended and all was told, or Err says why there is no more.
func (w *Watch) Next() bool {
	w.snapshot, w.event = nil, nil
	for !w.ended && w.err == nil {
		if w.stream == nil && !w.open() {
			continue
		}
		message, silent, err := w.receive()
		switch {
		case err == nil:
			if w.take(message) {
				return true
			}
		case err == io.EOF && !w.draining:
			w.ended = true
		case err == io.EOF:
			w.goOn(&Error{Code: codes.Unavailable, Message: "the server drains"})
		case silent && w.hadStream:
			w.goOn(&Error{Code: codes.Unavailable, Message: "the stream fell silent"})
		case silent:
			w.goOn(&Error{Code: codes.DeadlineExceeded, Message: "the server did not answer in time"})
		default:
			w.goOn(errorFromRPC(w.ctx, err, w.stream.Trailer()))
		}
	}
	w.Close()
	return false
}

// Snapshot is the submission as it was found, if that is the news.
func (w *Watch) Snapshot() *pb.Submission { return w.snapshot }

// Event is the event, if that is the news.
func (w *Watch) Event() *pb.SubmissionEvent { return w.event }

// Err is why Next returned false; nil: the submission has ended.
func (w *Watch) Err() error {
	if w.err == nil {
		return nil
	}
	return w.err
}

// Close ends the watch; more than once does no harm.
func (w *Watch) Close() { w.cancel() }

func (w *Watch) open() bool {
	w.spoke, w.draining = false, false
	if w.failures == 0 {
		w.giveUp = time.Now().Add(w.client.options.Timeout)
	}
	ctx, failure := w.client.withToken(w.ctx)
	if failure != nil {
		w.err = failure
		return false
	}
	ctx, w.streamCancel = context.WithCancel(ctx)
	stream, err := w.client.generations.WatchSubmission(ctx, w.request)
	if err != nil {
		w.goOn(errorFromRPC(w.ctx, err, nil))
		return false
	}
	w.stream = stream
	return true
}

// receive waits for the stream's next message; silent: it was cancelled because it said nothing.
func (w *Watch) receive() (message *pb.WatchSubmissionResponse, silent bool, err error) {
	silenceMax := w.client.options.Timeout
	if w.spoke {
		silenceMax = w.client.options.WatchSilenceMax
	}
	guard := time.AfterFunc(silenceMax, w.streamCancel)
	message, err = w.stream.Recv()
	return message, !guard.Stop(), err
}

// take says whether a message is news.
func (w *Watch) take(message *pb.WatchSubmissionResponse) bool {
	first := !w.hadStream
	w.hadStream, w.spoke, w.failures = true, true, 0
	switch news := message.GetMessage().(type) {
	case *pb.WatchSubmissionResponse_Resume_:
		w.draining = true
	case *pb.WatchSubmissionResponse_Event:
		if news.Event.GetRevision() > w.request.AfterRevision {
			w.request.AfterRevision = news.Event.GetRevision()
			w.event = news.Event
		}
	case *pb.WatchSubmissionResponse_Snapshot:
		// A later stream's snapshot is ahead of the events that follow it: it would be out of order.
		if first {
			if w.request.AfterRevision == 0 {
				w.request.AfterRevision = news.Snapshot.GetRevision()
			}
			w.snapshot = news.Snapshot
		}
	}
	return w.snapshot != nil || w.event != nil
}

// goOn waits until another stream may be opened, or sets err.
func (w *Watch) goOn(failure *Error) {
	w.streamCancel()
	w.stream = nil
	if w.ctx.Err() != nil {
		w.err = contextError(w.ctx)
		return
	}
	retry := w.client.options.Retry
	if w.hadStream {
		retry.AttemptsMax = math.MaxInt32
		if w.failures == 0 {
			w.giveUp = time.Now().Add(w.client.options.ReconnectMax)
		}
	}
	w.failures++
	failure.Attempts = w.failures
	delay, again := delayAfter(retry, failure, time.Until(w.giveUp))
	if !again {
		w.err = failure
		return
	}
	w.err = sleep(w.ctx, delay)
}
