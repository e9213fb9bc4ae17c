package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/url"
	"time"
)

// route is a way to a host: straight to an address, or through an HTTP proxy.
type route struct {
	proxy     *url.URL
	direct    addresses
	roots     *x509.CertPool
	protocol  string
	tlsTicket tls.ClientSessionCache
}

// open is a TLS connection to host, verified.
func (r *route) open(host string) (*tls.Conn, error) {
	address := r.direct.of(host)
	if r.proxy != nil {
		address = r.proxy.Host
	}
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	if r.proxy != nil {
		if err := r.askForTunnel(conn, host); err != nil {
			conn.Close()
			return nil, err
		}
	}
	secured := tls.Client(conn, &tls.Config{
		RootCAs:            r.roots,
		ServerName:         host,
		NextProtos:         []string{r.protocol},
		ClientSessionCache: r.tlsTicket,
	})
	if err := secured.Handshake(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("TLS with %s: %w", host, err)
	}
	conn.SetDeadline(time.Time{})
	return secured, nil
}

func (r *route) askForTunnel(conn net.Conn, host string) error {
	request := fmt.Sprintf("CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n", host, host)
	if user := r.proxy.User; user != nil {
		password, _ := user.Password()
		pair := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
		request += "Proxy-Authorization: Basic " + pair + "\r\n"
	}
	if _, err := io.WriteString(conn, request+"\r\n"); err != nil {
		return err
	}
	answer, piece := []byte{}, make([]byte, 1024)
	for !bytes.HasSuffix(answer, []byte("\r\n\r\n")) {
		// Nothing follows the head: the client speaks first inside the tunnel.
		count, err := conn.Read(piece)
		if err != nil {
			return fmt.Errorf("CONNECT: %w, %q", err, answer)
		}
		answer = append(answer, piece[:count]...)
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 200")) {
		return fmt.Errorf("CONNECT: %q", answer)
	}
	return nil
}
