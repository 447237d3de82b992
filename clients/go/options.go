package genledger

import "time"

// DefaultServer is where a client looks unless Options.Server says else.
const DefaultServer = "127.0.0.1:50051"

// RetryOptions bound the attempts of one call. Only UNAVAILABLE is ever retried, and only while the call's deadline has
// room: by default that is what ends them, so that a call outlives a server's restart of some 10 s. The delay is the
// server's grpc-retry-pushback-ms where it sent one, else a random share of a backoff that doubles ("full jitter"); a
// RetryInfo is its floor. A negative pushback: never.
type RetryOptions struct {
	AttemptsMax int           // the first one included; 0: 20
	BackoffBase time.Duration // 0: 100 ms
	BackoffMax  time.Duration // 0: 5 s
}

// Options say how a client reaches a server, and how patient it is. The zero value suits a server on this machine.
type Options struct {
	// "host:port", "[v6]:port" or "unix:PATH".
	Server string

	// Plaintext is the default for loopback addresses and unix sockets, TLS for all others. Both set is an error, and so
	// is Insecure with a file below.
	Insecure bool
	TLS      bool
	// PEM files; each implies TLS. No CA file: the system's roots. Certificate and key go together.
	TLSCAFile   string
	TLSCertFile string
	TLSKeyFile  string

	// The bearer token: a file (white space around it is dropped) or a function; asked again for every attempt, so that
	// a rotated token is picked up. At most one of them.
	TokenFile string
	Token     func() (string, error)

	// How long a call may take, its retries included, besides the time that it asks the server to wait; the context's
	// deadline counts if it is sooner. 0: 15 s.
	Timeout time.Duration

	Retry RetryOptions

	// A watch whose stream says nothing for so long has lost it (the server gives a sign of life every 15 s). 0: 205 s.
	WatchSilenceMax time.Duration
	// How long a watch that had a stream, and a wait, tries to get through again: a server may drain for a minute before
	// it is replaced. 0: 2 min.
	ReconnectMax time.Duration
}

func defaultDuration(value *time.Duration, otherwise time.Duration) {
	if *value == 0 {
		*value = otherwise
	}
}

func (o Options) withDefaults() Options {
	if o.Server == "" {
		o.Server = DefaultServer
	}
	if o.Retry.AttemptsMax == 0 {
		o.Retry.AttemptsMax = 20
	}
	defaultDuration(&o.Retry.BackoffBase, 100*time.Millisecond)
	defaultDuration(&o.Retry.BackoffMax, 5*time.Second)
	defaultDuration(&o.Timeout, 15*time.Second)
	defaultDuration(&o.WatchSilenceMax, 45*time.Second)
	defaultDuration(&o.ReconnectMax, 2*time.Minute)
	return o
}
