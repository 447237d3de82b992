// A worker that may be killed at any time: worker JOBS [SERVER].
//
// JOBS is a file of lines such as {"job": "order-17", "spec": {"prompt": "a dolphin"}}. Each job's request_id is
// made of its name, so the ledger knows what was done: the worker keeps no state, and started again it submits every
// job again and pays for none of them twice. Prints one JSON line for each job.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"genledger"
	pb "genledger/genledgerpb"
)

type job struct {
	Job  string          `json:"job"`
	Spec json.RawMessage `json:"spec"`
}

type outcome struct {
	Job          string `json:"job"`
	State        string `json:"state,omitempty"`
	TaskID       string `json:"task_id,omitempty"`
	Error        string `json:"error,omitempty"`
	SubmissionID string `json:"submission,omitempty"`
}

func submitAndWait(ctx context.Context, client *genledger.Client,
	request *pb.SubmitGenerationRequest) (*pb.Submission, error) {
	result, err := client.Submit(ctx, request)
	if err != nil {
		return nil, err
	}
	key := &pb.GetSubmissionRequest_Id{Id: result.GetSubmission().GetId()}
	return client.Wait(ctx, &pb.GetSubmissionRequest{Key: key})
}

// Repeats, with the same request_id, for as long as the answer is "not now".
func submitUntilAnswered(ctx context.Context, client *genledger.Client,
	request *pb.SubmitGenerationRequest) (*pb.Submission, error) {
	for {
		submission, err := submitAndWait(ctx, client, request)
		notNow := errors.Is(err, genledger.ErrUnavailable) || errors.Is(err, genledger.ErrLimit) ||
			errors.Is(err, genledger.ErrDeadlineExceeded)
		if !notNow {
			return submission, err
		}
		delay := time.Second
		var failure *genledger.Error
		if errors.As(err, &failure) {
			if said, ok := failure.RetryAfter(); ok {
				delay = said
			}
		}
		log.Printf("%s: %v; again in %v", request.GetRequestId(), err, delay)
		time.Sleep(delay)
	}
}

// What became of one job. An unknown outcome may have been charged: an operator finds out; submitting it under a new
// request_id might pay twice.
func run(ctx context.Context, client *genledger.Client, job job) outcome {
	spec := &pb.GenerationSpec{}
	if err := protojson.Unmarshal(job.Spec, spec); err != nil {
		return outcome{Job: job.Job, Error: err.Error()}
	}
	submission, err := submitUntilAnswered(ctx, client, &pb.SubmitGenerationRequest{
		Spec: spec, RequestId: "example-worker:" + job.Job, Labels: map[string]string{"job": job.Job},
	})
	var failure *genledger.Error
	switch {
	case errors.As(err, &failure):
		return outcome{Job: job.Job, Error: failure.Error(), SubmissionID: failure.SubmissionID()}
	case err != nil:
		return outcome{Job: job.Job, Error: err.Error()}
	}
	return outcome{Job: job.Job, State: submission.GetState().String(), TaskID: submission.GetTaskId()}
}

func main() {
	jobs, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	options := genledger.Options{}
	if len(os.Args) > 2 {
		options.Server = os.Args[2]
	}
	client, err := genledger.NewClient(options)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	lines := bufio.NewScanner(jobs)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var next job
		if err := json.Unmarshal(lines.Bytes(), &next); err != nil {
			log.Fatal(err)
		}
		told, err := json.Marshal(run(context.Background(), client, next))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(told))
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
