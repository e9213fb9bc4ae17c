package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"strings"
	"sync"
	"time"
)

// intercept is what one writes in an afternoon: CONNECT, a certificate for the host, net/http for
// both sides, httputil.ReverseProxy in between, one header set. Servers are where -to says.
func intercept(args []string) error {
	flags := flag.NewFlagSet("proxy", flag.ExitOnError)
	ca := flags.String("ca", "", "where to write the authority's certificate")
	roots := flags.String("roots", "", "certificates that the servers are verified by")
	to := flags.String("to", "", "addresses of the servers")
	routed := flags.String("routed", "", "hosts with this ending are decrypted")
	credential := flags.String("credential", "", "value of Authorization")
	flags.Parse(args)
	authority, err := newAuthority("Go proxy of the benchmark", *ca)
	if err != nil {
		return err
	}
	pool, err := readPool(*roots)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	servers := parseAddresses(*to)
	dial := func(ctx context.Context, _, server string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(server)
		if err != nil {
			return nil, err
		}
		return (&net.Dialer{}).DialContext(ctx, "tcp", servers.of(host))
	}
	transport := func(protocols ...string) *http.Transport {
		return &http.Transport{
			DialContext:         dial,
			TLSClientConfig:     &tls.Config{RootCAs: pool, NextProtos: protocols},
			ForceAttemptHTTP2:   protocols[0] == "h2",
			MaxIdleConnsPerHost: 256,
			DisableCompression:  true,
			IdleConnTimeout:     60 * time.Second,
		}
	}
	inside := newHandOver(listener.Addr())
	go (&http.Server{
		Handler: &httputil.ReverseProxy{
			Transport:     &byVersion{transport("http/1.1"), transport("h2", "http/1.1")},
			FlushInterval: -1,
			BufferPool:    &buffers{},
			ErrorLog:      log.New(io.Discard, "", 0),
			Director: func(r *http.Request) {
				r.URL.Scheme = "https"
				r.URL.Host = r.Host
				r.Header.Set("Authorization", *credential)
				r.Header["X-Forwarded-For"] = nil
			},
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}).Serve(inside)
	leaves := &leafConfigs{authority: authority, known: map[string]*tls.Config{}}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			w.WriteHeader(http.StatusNotImplemented)
			return
		}
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		conn, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		if !strings.HasSuffix(host, *routed) {
			tunnel(conn, buffered.Reader, func() (net.Conn, error) {
				return dial(r.Context(), "tcp", r.Host)
			})
			return
		}
		config, err := leaves.of(host)
		if err != nil {
			conn.Close()
			return
		}
		io.WriteString(conn, established)
		inside.give(tls.Server(conn, config))
	}))
}

const established = "HTTP/1.1 200 Connection Established\r\n\r\n"

func tunnel(client net.Conn, first io.Reader, dial func() (net.Conn, error)) {
	defer client.Close()
	server, err := dial()
	if err != nil {
		io.WriteString(client, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
		return
	}
	defer server.Close()
	io.WriteString(client, established)
	go func() {
		io.Copy(server, client)
		server.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(client, server)
}

// byVersion speaks to the server what the client speaks.
type byVersion struct{ http1, http2 *http.Transport }

func (t *byVersion) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.ProtoMajor == 2 {
		return t.http2.RoundTrip(r)
	}
	return t.http1.RoundTrip(r)
}

type leafConfigs struct {
	authority *authority
	mutex     sync.Mutex
	known     map[string]*tls.Config
}

func (l *leafConfigs) of(host string) (*tls.Config, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if config, ok := l.known[host]; ok {
		return config, nil
	}
	certificate, err := l.authority.leaf(host)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{certificate},
		NextProtos:   []string{"h2", "http/1.1"},
	}
	l.known[host] = config
	return config, nil
}

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if piece, ok := b.pool.Get().(*[]byte); ok {
		return *piece
	}
	return make([]byte, 64<<10)
}

func (b *buffers) Put(piece []byte) { b.pool.Put(&piece) }

func readPool(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("no certificate in %s", path)
	}
	return pool, nil
}
