package genledger

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
)

const (
	// Pages of 1,000 submissions with prompts of 16 KiB must fit; gRPC's default is 4 MiB.
	answerBytesMax = 64 << 20
	tokenBytesMax  = 16 << 10
)

// isLocal says whether an address is this machine.
func isLocal(server string) (bool, error) {
	if strings.HasPrefix(server, "unix:") && len(server) > len("unix:") {
		return true, nil
	}
	host, port, err := net.SplitHostPort(server)
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || host == "" || number == 0 {
		return false, fmt.Errorf("the server address %q is not host:port, [v6]:port or unix:PATH", server)
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback()), nil
}

func tlsConfig(options Options) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if options.TLSCAFile != "" {
		pem, err := os.ReadFile(options.TLSCAFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no PEM certificate", options.TLSCAFile)
		}
	}
	if (options.TLSCertFile == "") != (options.TLSKeyFile == "") {
		return nil, errors.New("a TLS certificate and its key go together")
	}
	if options.TLSCertFile != "" {
		certificate, err := tls.LoadX509KeyPair(options.TLSCertFile, options.TLSKeyFile)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	return config, nil
}

func transportSecurity(options Options, local bool) (grpc.DialOption, error) {
	wanted := options.TLS || options.TLSCAFile != "" || options.TLSCertFile != "" || options.TLSKeyFile != ""
	if wanted && options.Insecure {
		return nil, errors.New("Insecure and TLS options contradict each other")
	}
	if !wanted && (local || options.Insecure) {
		return grpc.WithInsecure(), nil
	}
	config, err := tlsConfig(options)
	if err != nil {
		return nil, err
	}
	return grpc.WithTransportCredentials(credentials.NewTLS(config)), nil
}

func dial(options Options) (*grpc.ClientConn, error) {
	if options.TokenFile != "" && options.Token != nil {
		return nil, errors.New("Token and TokenFile exclude each other")
	}
	local, err := isLocal(options.Server)
	if err != nil {
		return nil, err
	}
	security, err := transportSecurity(options, local)
	if err != nil {
		return nil, err
	}
	dialOptions := []grpc.DialOption{
		security,
		grpc.WithUserAgent("genledger-go"),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(answerBytesMax)),
		// The client's own loop is the one owner of retries.
		grpc.WithDisableRetry(),
		grpc.WithDisableServiceConfig(),
		// A server that restarts is found again quickly.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second,
			},
			MinConnectTimeout: 10 * time.Second,
		}),
	}
	if local {
		dialOptions = append(dialOptions, grpc.WithNoProxy())
	}
	return grpc.Dial(options.Server, dialOptions...)
}

// withToken adds the bearer token to a call, if one is configured.
func (c *Client) withToken(ctx context.Context) (context.Context, *Error) {
	if c.options.TokenFile == "" && c.options.Token == nil {
		return ctx, nil
	}
	var token string
	var err error
	if c.options.Token != nil {
		token, err = c.options.Token()
	} else {
		var content []byte
		content, err = os.ReadFile(c.options.TokenFile)
		token = string(content)
	}
	if err != nil {
		return nil, &Error{Code: codes.Unauthenticated, Message: "the token cannot be read"}
	}
	token = strings.TrimSpace(token)
	hidden := func(r rune) bool { return r < '!' || r > '~' }
	if token == "" || len(token) > tokenBytesMax || strings.IndexFunc(token, hidden) >= 0 {
		return nil, &Error{Code: codes.Unauthenticated, Message: "the token is empty, too long, or not visible ASCII"}
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token), nil
}
