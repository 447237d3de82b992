package genledger

import (
	"context"

	"google.golang.org/protobuf/proto"

	pb "genledger/genledgerpb"
)

// List is every submission that a filter lets through; pages come as they are needed. Not safe for concurrent use.
type List struct {
	client  *Client
	ctx     context.Context
	request *pb.ListSubmissionsRequest
	page    []*pb.Submission
	at      int
	last    bool
	err     error
}

// List calls nothing yet. The request is not changed.
func (c *Client) List(ctx context.Context, request *pb.ListSubmissionsRequest) *List {
	return &List{client: c, ctx: ctx, request: proto.Clone(request).(*pb.ListSubmissionsRequest), at: -1}
}

// Next goes to the next submission; false: there is none left, or Err says why.
func (l *List) Next() bool {
	l.at++
	for l.at >= len(l.page) {
		if l.last || l.err != nil {
			return false
		}
		// A page may be empty and still not be the last.
		response, err := call(l.ctx, l.client, 0, l.client.generations.ListSubmissions, l.request)
		if err != nil {
			l.err = err
			return false
		}
		l.page, l.at = response.GetSubmissions(), 0
		l.request.PageToken = response.GetNextPageToken()
		l.last = l.request.PageToken == ""
	}
	return true
}

// Submission is the one that Next went to.
func (l *List) Submission() *pb.Submission { return l.page[l.at] }

// Err is why Next returned false; nil: all were told.
func (l *List) Err() error { return l.err }
