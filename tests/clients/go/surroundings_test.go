// What clients_go_test.py started for these tests: their addresses come as environment variables.
package clienttest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"genledger"
	pb "genledger/genledgerpb"
)

const patience = 30 * time.Second

var quick = genledger.RetryOptions{BackoffBase: 10 * time.Millisecond, BackoffMax: 50 * time.Millisecond}

// connect makes a client that ends with the test; `variable` names where its address is.
func connect(t *testing.T, variable string, options genledger.Options) *genledger.Client {
	t.Helper()
	if options.Server == "" {
		options.Server = os.Getenv(variable)
	}
	if options.Retry.BackoffBase == 0 {
		options.Retry = quick
	}
	client, err := genledger.NewClient(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func within(t *testing.T, limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

func prompt(text string) *pb.SubmitGenerationRequest {
	return &pb.SubmitGenerationRequest{Spec: &pb.GenerationSpec{Prompt: proto.String(text)}}
}

// failure checks the family, and returns the details.
func failure(t *testing.T, err error, family error) *genledger.Error {
	t.Helper()
	var found *genledger.Error
	if !errors.Is(err, family) || !errors.As(err, &found) {
		t.Fatalf("%v is not %v", err, family)
	}
	return found
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// rules replaces those of the upstream simulator; none: back to the page.
func rules(t *testing.T, all string) {
	t.Helper()
	url := os.Getenv("GENLEDGER_UPSTREAM") + "/_control/rules?mode=replace"
	answer, err := http.Post(url, "application/json", strings.NewReader(all))
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
}

func postsReceived(t *testing.T) int {
	t.Helper()
	answer := must(http.Get(os.Getenv("GENLEDGER_UPSTREAM") + "/_control/stats"))
	defer answer.Body.Close()
	var stats struct {
		PostsReceived int `json:"posts_received"`
	}
	if err := json.Unmarshal(must(io.ReadAll(answer.Body)), &stats); err != nil {
		t.Fatal(err)
	}
	return stats.PostsReceived
}
