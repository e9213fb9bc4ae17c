package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// origin is the server behind every proxy. HTTP/1.1 is answered by hand, so that the processors are
// left to those who are measured; HTTP/2 by net/http. A request without the credential gets 401.
//
//	GET /small      200 bytes of JSON
//	GET /bytes/N    N bytes
//	POST /sink      reads the body, answers as /small
func origin(args []string) error {
	flags := flag.NewFlagSet("origin", flag.ExitOnError)
	ca := flags.String("ca", "", "where to write the authority's certificate")
	names := flags.String("names", "", "names of the certificate, with commas between")
	credential := flags.String("credential", "", "value that Authorization must have")
	flags.Parse(args)
	authority, err := newAuthority("origin of the benchmark", *ca)
	if err != nil {
		return err
	}
	certificate, err := authority.leaf(strings.Split(*names, ",")...)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{certificate},
		NextProtos:   []string{"h2", "http/1.1"},
	}
	o := &originServer{credential: []byte(*credential), http2: newHandOver(listener.Addr())}
	go (&http.Server{Handler: o}).Serve(o.http2)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go o.serve(tls.Server(conn, config))
	}
}

type originServer struct {
	credential []byte
	http2      *handOver
}

var smallBody = []byte(`{"id":"bench","items":[` + strings.Repeat(`{"n":1,"ok":true},`, 9) +
	`{"n":1,"ok":true}]}`)

var smallAnswer = answerOf(smallBody)

func answerOf(body []byte) []byte {
	head := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n" +
		"Server: bench\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"
	return append([]byte(head), body...)
}

func (o *originServer) serve(conn *tls.Conn) {
	if err := conn.Handshake(); err != nil {
		conn.Close()
		return
	}
	if conn.ConnectionState().NegotiatedProtocol == "h2" {
		o.http2.give(conn)
		return
	}
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, 64<<10)
	piece := bytes.Repeat([]byte("x"), 256<<10)
	for o.exchange(conn, reader, piece) == nil {
	}
}

func (o *originServer) exchange(conn net.Conn, reader *bufio.Reader, piece []byte) error {
	line, err := reader.ReadSlice('\n')
	if err != nil {
		return err
	}
	path := ""
	if words := bytes.Split(line, []byte(" ")); len(words) == 3 {
		path = string(words[1])
	}
	length, isAllowed := int64(0), false
	for {
		field, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		field = bytes.TrimRight(field, "\r\n")
		if len(field) == 0 {
			break
		}
		name, value, _ := bytes.Cut(field, []byte(":"))
		value = bytes.TrimSpace(value)
		if bytes.EqualFold(name, []byte("content-length")) {
			length, _ = strconv.ParseInt(string(value), 10, 64)
		}
		if bytes.EqualFold(name, []byte("authorization")) {
			isAllowed = bytes.Equal(value, o.credential)
		}
	}
	if _, err := io.CopyN(io.Discard, reader, length); err != nil {
		return err
	}
	if !isAllowed {
		_, err := io.WriteString(conn, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
		return err
	}
	if !strings.HasPrefix(path, "/bytes/") {
		_, err := conn.Write(smallAnswer)
		return err
	}
	left, err := strconv.ParseInt(path[len("/bytes/"):], 10, 64)
	if err != nil {
		return err
	}
	fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", left)
	for left > 0 {
		count, err := conn.Write(piece[:min(left, int64(len(piece)))])
		if err != nil {
			return err
		}
		left -= int64(count)
	}
	return nil
}

// ServeHTTP answers HTTP/2: gRPC calls with what they sent, anything else as /small.
func (o *originServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != string(o.credential) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Header.Get("Content-Type") != "application/grpc" {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Write(smallBody)
		return
	}
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status")
	message, err := io.ReadAll(r.Body)
	status := "0"
	if err != nil {
		status = "13"
	}
	w.Write(message)
	w.Header().Set("Grpc-Status", status)
}

// handOver is a listener whose connections were accepted elsewhere.
type handOver struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	addr   net.Addr
}

func newHandOver(addr net.Addr) *handOver {
	return &handOver{conns: make(chan net.Conn), closed: make(chan struct{}), addr: addr}
}

func (h *handOver) give(conn net.Conn) { h.conns <- conn }

func (h *handOver) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.closed:
		return nil, errors.New("closed")
	}
}

func (h *handOver) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

func (h *handOver) Addr() net.Addr { return h.addr }
