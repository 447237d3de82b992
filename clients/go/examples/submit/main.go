// Submits one generation and waits for its task_id: submit PROMPT [SERVER].
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"google.golang.org/protobuf/proto"

	"genledger"
	pb "genledger/genledgerpb"
)

func run(prompt, server string) error {
	client, err := genledger.NewClient(genledger.Options{Server: server})
	if err != nil {
		return err
	}
	defer client.Close()
	ctx := context.Background()
	result, err := client.Submit(ctx, &pb.SubmitGenerationRequest{
		Spec: &pb.GenerationSpec{Prompt: proto.String(prompt), AspectRatio: proto.String("16:9")},
	})
	if err != nil {
		return err
	}
	key := &pb.GetSubmissionRequest_Id{Id: result.GetSubmission().GetId()}
	settled, err := client.Wait(ctx, &pb.GetSubmissionRequest{Key: key})
	if err != nil {
		return err
	}
	fmt.Println(settled.GetId(), settled.GetState(), settled.GetTaskId(), result.GetDedupe())
	return nil
}

func main() {
	server := ""
	if len(os.Args) > 2 {
		server = os.Args[2]
	}
	if err := run(os.Args[1], server); err != nil {
		var failure *genledger.Error
		if errors.As(err, &failure) {
			for _, violation := range failure.Violations {
				fmt.Fprintln(os.Stderr, violation.Field+": "+violation.Description)
			}
			// The same request_id again is answered for the same submission: it never pays twice.
			fmt.Fprintln(os.Stderr, "request_id", failure.RequestID)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
