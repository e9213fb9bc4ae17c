package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// client speaks HTTP/1.1 on one connection, with little work of its own.
type client struct {
	conn   *tls.Conn
	reader *bufio.Reader
	piece  []byte
}

func newClient(r *route, host string) (*client, error) {
	conn, err := r.open(host)
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReaderSize(conn, 64<<10), make([]byte, 256<<10)}, nil
}

// request is the head of one; length < 0 for none.
func request(method, path, host, credential string, length int64) []byte {
	head := method + " " + path + " HTTP/1.1\r\nHost: " + host +
		"\r\nUser-Agent: bench/1\r\nAccept: */*\r\nAccept-Encoding: gzip, br\r\n"
	if credential != "" {
		head += "Authorization: " + credential + "\r\n"
	}
	if length >= 0 {
		head += "Content-Length: " + strconv.FormatInt(length, 10) + "\r\n"
	}
	return []byte(head + "\r\n")
}

// get sends a request and reads the answer; the size of its body.
func (c *client) get(head []byte) (int64, error) {
	if _, err := c.conn.Write(head); err != nil {
		return 0, err
	}
	return c.answer()
}

// put sends a request with a body and reads the answer.
func (c *client) put(head []byte, length int64) (int64, error) {
	if _, err := c.conn.Write(head); err != nil {
		return 0, err
	}
	for left := length; left > 0; {
		count, err := c.conn.Write(c.piece[:min(left, int64(len(c.piece)))])
		if err != nil {
			return 0, err
		}
		left -= int64(count)
	}
	_, err := c.answer()
	return length, err
}

func (c *client) answer() (int64, error) {
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
		return 0, fmt.Errorf("answer: %q", line)
	}
	length, isChunked := int64(-1), false
	for {
		field, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		field = bytes.TrimRight(field, "\r\n")
		if len(field) == 0 {
			break
		}
		name, value, _ := bytes.Cut(field, []byte(":"))
		if bytes.EqualFold(name, []byte("content-length")) {
			length, _ = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
		} else if bytes.EqualFold(name, []byte("transfer-encoding")) {
			isChunked = true
		}
	}
	if isChunked {
		return c.chunks()
	}
	if length < 0 {
		return 0, fmt.Errorf("the answer has no length")
	}
	return length, c.take(length)
}

func (c *client) take(length int64) error {
	for length > 0 {
		count, err := c.reader.Read(c.piece[:min(length, int64(len(c.piece)))])
		length -= int64(count)
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *client) chunks() (int64, error) {
	total := int64(0)
	for {
		line, err := c.reader.ReadString('\n')
		if err != nil {
			return total, err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(line), 16, 64)
		if err != nil {
			return total, err
		}
		if err := c.take(size); err != nil {
			return total, err
		}
		if _, err := io.ReadFull(c.reader, c.piece[:2]); err != nil || size == 0 {
			return total, err
		}
		total += size
	}
}
