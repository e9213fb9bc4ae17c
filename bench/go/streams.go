package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// streams asks over HTTP/2: count workers on one connection, as gRPC libraries do it.
func (w *work) streams(r *route, isCall bool) (map[string]any, error) {
	var opened atomic.Int32
	transport := &http.Transport{
		ForceAttemptHTTP2: true,
		DialTLSContext: func(context.Context, string, string) (net.Conn, error) {
			opened.Add(1)
			return r.open(w.host)
		},
		TLSClientConfig: &tls.Config{NextProtos: []string{"h2"}},
	}
	defer transport.CloseIdleConnections()
	ask := func() error {
		method, path, body := http.MethodGet, "/small", io.Reader(nil)
		if isCall {
			// A message of 100 bytes behind its prefix (gRPC's PROTOCOL-HTTP2.md).
			message := append([]byte{0, 0, 0, 0, 100}, bytes.Repeat([]byte("m"), 100)...)
			method, path, body = http.MethodPost, "/bench.Echo/Say", bytes.NewReader(message)
		}
		request, err := http.NewRequest(method, "https://"+w.host+path, body)
		if err != nil {
			return err
		}
		if isCall {
			request.Header.Set("Content-Type", "application/grpc")
			request.Header.Set("Te", "trailers")
		}
		if w.credential != "" {
			request.Header.Set("Authorization", w.credential)
		}
		answer, err := transport.RoundTrip(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		size, err := io.Copy(io.Discard, answer.Body)
		if err != nil {
			return err
		}
		if answer.ProtoMajor != 2 || answer.StatusCode != http.StatusOK {
			return fmt.Errorf("answer: %s %s", answer.Proto, answer.Status)
		}
		if isCall && (size != 105 || answer.Trailer.Get("Grpc-Status") != "0") {
			return fmt.Errorf("call: %d bytes, %v", size, answer.Trailer)
		}
		return nil
	}
	// One connection, before the others ask for one.
	if err := ask(); err != nil {
		return nil, err
	}
	result, err := w.closedLoop(func(int) (int64, error) { return 0, ask() })
	if err == nil && opened.Load() != 1 {
		err = fmt.Errorf("%d connections instead of one", opened.Load())
	}
	return result, err
}
