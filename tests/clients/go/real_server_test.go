package clienttest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang/protobuf/ptypes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"genledger"
	pb "genledger/genledgerpb"
)

const (
	server            = "GENLEDGER_SERVER"
	forAnHour         = `[{"status": 429, "retry_after": 3600}]`
	goldenComparedMin = 20
)

func byID(id string) *pb.GetSubmissionRequest {
	return &pb.GetSubmissionRequest{Key: &pb.GetSubmissionRequest_Id{Id: id}}
}

func makePending(t *testing.T, client *genledger.Client, text string) *pb.Submission {
	t.Helper()
	rules(t, forAnHour)
	request := prompt(text)
	request.Wait = ptypes.DurationProto(500 * time.Millisecond)
	pending := must(client.Submit(within(t, patience), request)).GetSubmission()
	rules(t, "[]")
	return pending
}

func TestSubmitMintsARequestIDAndARepeatIsReplayed(t *testing.T) {
	client, ctx, before := connect(t, server, genledger.Options{}), within(t, patience), postsReceived(t)
	request := prompt("a dolphin")
	first := must(client.Submit(ctx, request))
	if first.TaskID() == "" || first.RequestID == "" || first.GetSubmission().GetRequestId() != first.RequestID {
		t.Fatal(first)
	}
	if request.GetRequestId() != "" {
		t.Fatal("the caller's request was changed")
	}
	request.RequestId = first.RequestID
	again := must(client.Submit(ctx, request))
	if again.GetDedupe() != pb.SubmitGenerationResponse_DEDUPE_REPLAYED || again.TaskID() != first.TaskID() {
		t.Fatal(again)
	}
	joined := must(client.SubmitByContent(ctx, prompt("a dolphin")))
	if joined.GetDedupe() != pb.SubmitGenerationResponse_DEDUPE_JOINED || postsReceived(t) != before+1 {
		t.Fatal(joined)
	}
}

func TestAServerWithTLSWantsAToken(t *testing.T) {
	known := genledger.Options{TLSCAFile: os.Getenv("GENLEDGER_SECURED_CA_FILE"),
		TokenFile: os.Getenv("GENLEDGER_SECURED_TOKEN_FILE")}
	submitted := must(connect(t, "GENLEDGER_SECURED", known).Submit(within(t, patience), prompt("a dolphin")))
	if submitted.GetSubmission().GetTenant() != "video" {
		t.Fatal(submitted)
	}
	guess := func() (string, error) { return "id.guess", nil }
	for _, stranger := range []genledger.Options{{}, {Token: guess}} {
		stranger.TLSCAFile = known.TLSCAFile
		_, err := connect(t, "GENLEDGER_SECURED", stranger).Submit(within(t, patience), prompt("a dolphin"))
		if details := failure(t, err, genledger.ErrAuth); details.Reason != "UNAUTHENTICATED" {
			t.Fatal(details)
		}
	}
}

func TestABadRequestNamesEveryViolation(t *testing.T) {
	client := connect(t, server, genledger.Options{})
	request := prompt(" ")
	request.Spec.Duration = proto.Int32(5)
	_, err := client.Submit(within(t, patience), request)
	details := failure(t, err, genledger.ErrInvalidRequest)
	if len(details.Violations) != 2 || details.Reason != "FIELD_INVALID" || details.Attempts != 1 {
		t.Fatal(details)
	}
}

func TestARequestIDWithAnotherPayloadIsRefused(t *testing.T) {
	client, ctx := connect(t, server, genledger.Options{}), within(t, patience)
	one, two := prompt("one"), prompt("two")
	one.RequestId, two.RequestId = "r", "r"
	must(client.Submit(ctx, one))
	_, err := client.Submit(ctx, two)
	if failure(t, err, genledger.ErrRequestID).RequestID != "r" {
		t.Fatal(err)
	}
}

func TestWaitReturnsWhenItIsSubmittedAndGivesUpInTime(t *testing.T) {
	client, ctx := connect(t, server, genledger.Options{}), within(t, patience)
	rules(t, `[{"when": {"count": 1}, "status": 429, "retry_after": 1}]`)
	request := prompt("later")
	request.Wait = ptypes.DurationProto(0)
	result := must(client.Submit(ctx, request))
	if result.TaskID() != "" {
		t.Fatal(result)
	}
	settled := must(client.Wait(ctx, byID(result.GetSubmission().GetId())))
	if settled.GetState() != pb.Submission_STATE_SUBMITTED {
		t.Fatal(settled)
	}
	pending := makePending(t, client, "never")
	_, err := client.Wait(within(t, 500*time.Millisecond), byID(pending.GetId()))
	failure(t, err, context.DeadlineExceeded)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = client.Wait(cancelled, byID(pending.GetId()))
	failure(t, err, context.Canceled)
	key := &pb.CancelSubmissionRequest_Id{Id: pending.GetId()}
	must(client.Cancel(ctx, &pb.CancelSubmissionRequest{Key: key}))
	if must(client.Wait(ctx, byID(pending.GetId()))).GetState() != pb.Submission_STATE_CANCELLED {
		t.Fatal("not cancelled")
	}
	must(client.Retry(ctx, &pb.RetrySubmissionRequest{Id: pending.GetId(), Note: "wanted after all"}))
	must(client.Wait(ctx, byID(pending.GetId())))
	must(client.ReleaseDedupe(ctx, &pb.ReleaseDedupeRequest{Id: pending.GetId()}))
	if must(client.Submit(ctx, prompt("never"))).GetDedupe() != pb.SubmitGenerationResponse_DEDUPE_CREATED {
		t.Fatal("still held")
	}
}

func TestAnUnknownOutcomeIsSettledByAnOperator(t *testing.T) {
	client, ctx := connect(t, server, genledger.Options{}), within(t, patience)
	rules(t, `[{"do": "reset", "at": "body", "accept": true}]`)
	_, err := client.Submit(ctx, prompt("settled"))
	rules(t, "[]")
	id := failure(t, err, genledger.ErrOutcomeUnknown).SubmissionID()
	if must(client.Wait(ctx, byID(id))).GetState() != pb.Submission_STATE_OUTCOME_UNKNOWN {
		t.Fatal("settled by itself")
	}
	abandon := &pb.Resolution{Note: "n", Kind: &pb.Resolution_Abandon_{Abandon: &pb.Resolution_Abandon{}}}
	shown := must(client.BulkResolve(ctx, &pb.BulkResolveSubmissionsRequest{
		Filter: "state = OUTCOME_UNKNOWN", Resolution: abandon, DryRun: true}))
	if shown.GetMatched() != 1 {
		t.Fatal(shown)
	}
	adopt := &pb.Resolution{Note: "n", Kind: &pb.Resolution_AdoptTaskId{AdoptTaskId: "task_FOUND"}}
	adopted := must(client.Resolve(ctx, &pb.ResolveSubmissionRequest{Id: id, Resolution: adopt}))
	if adopted.GetTaskId() != "task_FOUND" {
		t.Fatal(adopted)
	}
	_, err = client.Resolve(ctx, &pb.ResolveSubmissionRequest{Id: id, Resolution: abandon})
	failure(t, err, genledger.ErrStateConflict)
	if !must(client.ServiceStatus(ctx)).GetReady() {
		t.Fatal("not ready")
	}
}

func TestListsAndBatches(t *testing.T) {
	client, ctx := connect(t, server, genledger.Options{}), within(t, patience)
	var ids, listed []string
	for _, text := range []string{"video 1", "video 2", "video 3"} {
		request := prompt(text)
		request.Labels = map[string]string{"set": "three"}
		ids = append(ids, must(client.Submit(ctx, request)).GetSubmission().GetId())
	}
	list := client.List(ctx, &pb.ListSubmissionsRequest{
		Filter: "labels.set = three", OrderBy: "create_time", PageSize: 2})
	for list.Next() {
		listed = append(listed, list.Submission().GetId())
	}
	if list.Err() != nil || strings.Join(listed, " ") != strings.Join(ids, " ") {
		t.Fatal(listed, list.Err())
	}
	if batch := must(client.BatchGet(ctx, &pb.BatchGetSubmissionsRequest{Ids: ids})); len(batch) != 3 {
		t.Fatal(batch)
	}
	_, err := client.BatchGet(ctx, &pb.BatchGetSubmissionsRequest{Ids: []string{"sub_00000000000000000000000000"}})
	failure(t, err, genledger.ErrNotFound)
	if len(must(client.ListModels(ctx))) != 3 {
		t.Fatal("models")
	}
}

func TestAWatchEndsWithTheSubmission(t *testing.T) {
	client, ctx := connect(t, server, genledger.Options{}), within(t, patience)
	submitted := must(client.Submit(ctx, prompt("watched"))).GetSubmission()
	watch := client.Watch(ctx, &pb.WatchSubmissionRequest{
		Key: &pb.WatchSubmissionRequest_Id{Id: submitted.GetId()}, AfterRevision: 1})
	var last *pb.SubmissionEvent
	if !watch.Next() || watch.Snapshot().GetId() != submitted.GetId() {
		t.Fatal(watch.Err())
	}
	for watch.Next() {
		last = watch.Event()
	}
	if watch.Err() != nil || last.GetTaskId() != submitted.GetTaskId() || last.GetRevision() != submitted.GetRevision() {
		t.Fatal(watch.Err(), last)
	}
}

func TestTheGoldenHashes(t *testing.T) {
	client, before := connect(t, server, genledger.Options{}), postsReceived(t)
	var golden struct {
		Vectors []struct {
			Name        string          `json:"name"`
			Spec        json.RawMessage `json:"spec"`
			Variation   json.RawMessage `json:"variation"`
			RequestHash string          `json:"request_hash"`
		} `json:"vectors"`
	}
	if err := json.Unmarshal(must(os.ReadFile(os.Getenv("GENLEDGER_GOLDEN"))), &golden); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, vector := range golden.Vectors {
		request := &pb.SubmitGenerationRequest{Spec: &pb.GenerationSpec{}, ValidateOnly: true}
		// {"hex": …} stands for bytes that JSON cannot hold, and no caller can send.
		if strings.Contains(string(vector.Spec)+string(vector.Variation), `"hex"`) {
			continue
		}
		if err := protojson.Unmarshal(vector.Spec, request.Spec); err != nil {
			t.Fatal(vector.Name, err)
		}
		if err := json.Unmarshal(vector.Variation, &request.Variation); err != nil {
			t.Fatal(vector.Name, err)
		}
		answer, err := client.Submit(within(t, patience), request)
		if errors.Is(err, genledger.ErrInvalidRequest) {
			continue // hashes are defined for invalid specs too, but a server does not tell them
		}
		if got := must(answer, err).GetPreview().GetRequestHash(); got != vector.RequestHash {
			t.Errorf("%s: %s, not %s", vector.Name, got, vector.RequestHash)
		}
		compared++
	}
	if compared < goldenComparedMin || postsReceived(t) != before {
		t.Fatal(compared)
	}
}
