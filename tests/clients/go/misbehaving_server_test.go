package clienttest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang/protobuf/ptypes"

	"genledger"
	pb "genledger/genledgerpb"
)

// What follows a # in a prompt or an id tells one use from another.
const fake = "GENLEDGER_FAKE"

func fails(t *testing.T, client *genledger.Client, text string, family error) *genledger.Error {
	t.Helper()
	_, err := client.Submit(within(t, patience), prompt(text))
	return failure(t, err, family)
}

func TestUnavailableIsRetriedWithTheSameRequestID(t *testing.T) {
	result := must(connect(t, fake, genledger.Options{}).Submit(within(t, patience), prompt("flaky")))
	if submission := result.GetSubmission(); submission.GetRevision() != 3 || submission.GetRequestIdCount() != 1 {
		t.Fatal(submission)
	}
}

func TestACallThatAServerResetsIsRetried(t *testing.T) {
	result := must(connect(t, fake, genledger.Options{}).Submit(within(t, patience), prompt("reset")))
	if revision := result.GetSubmission().GetRevision(); revision != 2 {
		t.Fatal(revision)
	}
}

func TestNothingElseIsRetriedAndAttemptsAreLimited(t *testing.T) {
	client := connect(t, fake, genledger.Options{})
	if attempts := fails(t, client, "exhausted", genledger.ErrLimit).Attempts; attempts != 1 {
		t.Fatal(attempts)
	}
	if attempts := fails(t, client, "always", genledger.ErrUnavailable).Attempts; attempts != 20 {
		t.Fatal(attempts)
	}
}

func TestANegativePushbackOrOneThatIsNoNumberMeansNever(t *testing.T) {
	client := connect(t, fake, genledger.Options{})
	for _, text := range []string{"never", "not a number"} {
		details := fails(t, client, text, genledger.ErrUnavailable)
		if _, said := details.RetryAfter(); said || details.Attempts != 1 || details.Retryable() {
			t.Fatal(details)
		}
	}
}

func TestANilRequestIsAnErrorAndNothingIsSent(t *testing.T) {
	client := connect(t, fake, genledger.Options{})
	for _, submit := range []func(context.Context, *pb.SubmitGenerationRequest) (*genledger.SubmitResult, error){
		client.Submit, client.SubmitByContent} {
		_, err := submit(within(t, patience), nil)
		if details := failure(t, err, genledger.ErrInvalidRequest); details.Attempts != 0 {
			t.Fatal(details)
		}
	}
}

func TestTheServersDelayIsKept(t *testing.T) {
	client := connect(t, fake, genledger.Options{})
	for _, text := range []string{"pushback", "retry info"} {
		result := must(client.Submit(within(t, patience), prompt(text)))
		if waited := must(strconv.Atoi(result.GetSubmission().GetLabels()["waited_ms"])); waited < 295 {
			t.Fatal(text, waited)
		}
	}
	details := fails(t, client, "far", genledger.ErrUnavailable)
	if after, _ := details.RetryAfter(); details.Attempts != 1 || after != time.Hour {
		t.Fatal(details)
	}
}

func TestEveryCallHasADeadline(t *testing.T) {
	client := connect(t, fake, genledger.Options{Timeout: 300 * time.Millisecond})
	request := prompt("silent")
	request.Wait = ptypes.DurationProto(0)
	_, err := client.Submit(context.Background(), request)
	if failure(t, err, context.DeadlineExceeded).RequestID == "" || !errors.Is(err, genledger.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestNobodyListeningIsUnavailable(t *testing.T) {
	client := connect(t, "", genledger.Options{Server: "127.0.0.1:1"})
	if reason := fails(t, client, "x", genledger.ErrUnavailable).Reason; reason != "" {
		t.Fatal(reason)
	}
}

func TestEveryReasonHasAFamilyAndTheDetailsArrive(t *testing.T) {
	client := connect(t, fake, genledger.Options{})
	families := []error{genledger.ErrInvalidRequest, genledger.ErrUpstreamRefused, genledger.ErrRequestID,
		genledger.ErrNotFound, genledger.ErrSubmissionCancelled, genledger.ErrOutcomeUnknown,
		genledger.ErrStateConflict, genledger.ErrUpstreamAccount, genledger.ErrLimit, genledger.ErrUnavailable,
		genledger.ErrAuth}
	for number, name := range pb.ErrorReason_name {
		if number == 0 {
			continue
		}
		reason := strings.TrimPrefix(name, "ERROR_REASON_")
		_, err := client.Submit(within(t, patience), prompt("reason:"+reason))
		matches := 0
		for _, family := range families {
			if errors.Is(err, family) {
				matches++
			}
		}
		var details *genledger.Error
		if !errors.As(err, &details) || matches != 1 || details.Reason != reason {
			t.Fatal(reason, matches, err)
		}
		after, said := details.RetryAfter()
		violations := fmt.Sprint(details.Violations)
		if !said || after != 7*time.Second || details.SubmissionID() != "sub_fake" ||
			violations != "[{spec.prompt too long} { and 3 more}]" {
			t.Fatal(reason, after, violations)
		}
	}
	_, err := client.Submit(within(t, patience), prompt("other domain"))
	var details *genledger.Error
	if !errors.As(err, &details) || details.Reason != "" {
		t.Fatal(err)
	}
}

func revisions(t *testing.T, client *genledger.Client, id string) (string, error) {
	watch := client.Watch(within(t, patience),
		&pb.WatchSubmissionRequest{Key: &pb.WatchSubmissionRequest_Id{Id: id}})
	defer watch.Close()
	var seen []string
	for watch.Next() {
		seen = append(seen, fmt.Sprint(watch.Snapshot().GetRevision()+watch.Event().GetRevision()))
	}
	return strings.Join(seen, " "), watch.Err()
}

func TestAWatchGoesOnAfterADrainALostAndASilentStream(t *testing.T) {
	client := connect(t, fake, genledger.Options{WatchSilenceMax: 500 * time.Millisecond})
	for _, id := range []string{"sub_resume", "sub_lost", "sub_silent"} {
		if seen := must(revisions(t, client, id)); seen != "1 2 3 4" {
			t.Fatal(id, seen)
		}
	}
}

func TestAWatchEndsWithItsError(t *testing.T) {
	_, err := revisions(t, connect(t, fake, genledger.Options{}), "sub_missing")
	failure(t, err, genledger.ErrNotFound)
	_, err = revisions(t, connect(t, fake, genledger.Options{Timeout: 300 * time.Millisecond}), "sub_never")
	failure(t, err, genledger.ErrDeadlineExceeded)
	hopeless := genledger.Options{ReconnectMax: time.Nanosecond, WatchSilenceMax: 300 * time.Millisecond}
	_, err = revisions(t, connect(t, fake, hopeless), "sub_silent#2")
	failure(t, err, genledger.ErrUnavailable)
	ctx, cancel := context.WithCancel(context.Background())
	watch := connect(t, fake, genledger.Options{}).Watch(ctx,
		&pb.WatchSubmissionRequest{Key: &pb.WatchSubmissionRequest_Id{Id: "sub_silent#3"}})
	watch.Next()
	cancel()
	for watch.Next() {
	}
	failure(t, watch.Err(), context.Canceled)
}

func TestTheTokenIsReadForEveryAttempt(t *testing.T) {
	number := 0
	client := connect(t, fake, genledger.Options{Token: func() (string, error) {
		number++
		return fmt.Sprint("t", number), nil
	}})
	result := must(client.Submit(within(t, patience), prompt("flaky#token")))
	if shown := result.GetSubmission().GetLabels()["authorization"]; shown != "Bearer t3" {
		t.Fatal(shown)
	}
	file := filepath.Join(t.TempDir(), "token")
	fails(t, connect(t, fake, genledger.Options{TokenFile: file}), "x", genledger.ErrAuth)
	if err := os.WriteFile(file, []byte(" of-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	result = must(connect(t, fake, genledger.Options{TokenFile: file}).Submit(within(t, patience), prompt("x")))
	if shown := result.GetSubmission().GetLabels()["authorization"]; shown != "Bearer of-a-file" {
		t.Fatal(shown)
	}
}

func TestTLSIsVerified(t *testing.T) {
	address := "localhost:" + os.Getenv("GENLEDGER_TLS_PORT")
	trusted := genledger.Options{Server: address, TLSCAFile: os.Getenv("GENLEDGER_TLS_CA_FILE")}
	must(connect(t, "", trusted).Submit(within(t, patience), prompt("x")))
	stranger := connect(t, "", genledger.Options{Server: address, TLS: true, Timeout: 2 * time.Second})
	request := prompt("x")
	request.Wait = ptypes.DurationProto(0)
	_, err := stranger.Submit(within(t, patience), request)
	failure(t, err, genledger.ErrUnavailable)
}

func TestOptionsThatContradictEachOther(t *testing.T) {
	token := func() (string, error) { return "", nil }
	for _, options := range []genledger.Options{{Insecure: true, TLS: true}, {TLSCertFile: "x"}, {Server: "host"},
		{Server: "host:0"}, {TokenFile: "x", Token: token}, {Insecure: true, TLSCAFile: "x"}} {
		if _, err := genledger.NewClient(options); err == nil {
			t.Error(options)
		}
	}
}
