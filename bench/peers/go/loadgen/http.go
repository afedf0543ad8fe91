package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/protobuf/proto"
)

// passed is what the Envoy of the benchmark answers by itself to whatever its filters let through.
const passed = http.StatusNoContent

// errClosed is no fault by itself, but a run in which each request opens a connection measures that.
var errClosed = errors.New("the server ends a connection that should stay")

type httpSender struct {
	address  string
	requests [][]byte
	idle     chan *connection
}

type connection struct {
	net.Conn
	read *bufio.Reader
}

// overHTTP sends the request that each Check is about, one at a time on each of its connections.
func overHTTP(address string, connections int, records []record) sender {
	s := &httpSender{address: address, idle: make(chan *connection, max(connections, maxOutstanding))}
	for _, r := range records {
		s.requests = append(s.requests, requestOf(r.check))
	}
	return s
}

func (s *httpSender) send(number int) (bool, error) {
	c, err := s.take()
	if err != nil {
		return false, err
	}
	allowed, err := c.exchange(s.requests[number])
	if err != nil {
		c.Close()
		return false, err
	}
	s.idle <- c
	return allowed, nil
}

func (s *httpSender) take() (*connection, error) {
	select {
	case c := <-s.idle:
		return c, nil
	default:
		opened, err := net.DialTimeout("tcp", s.address, timeout)
		if err != nil {
			return nil, err
		}
		return &connection{opened, bufio.NewReader(opened)}, nil
	}
}

func (c *connection) exchange(request []byte) (bool, error) {
	if err := c.SetDeadline(time.Now().Add(timeout)); err != nil {
		return false, err
	}
	if _, err := c.Write(request); err != nil {
		return false, err
	}
	answer, err := http.ReadResponse(c.read, nil)
	if err != nil {
		return false, err
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return false, err
	}
	if answer.Close {
		return false, errClosed
	}
	if answer.StatusCode >= http.StatusInternalServerError {
		return false, fmt.Errorf("HTTP status %d", answer.StatusCode)
	}
	return answer.StatusCode == passed, nil
}

func requestOf(check []byte) []byte {
	var message authv3.CheckRequest
	must(proto.Unmarshal(check, &message))
	asked := message.GetAttributes().GetRequest().GetHttp()
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nhost: %s\r\n", asked.GetMethod(), asked.GetPath(), asked.GetHost())
	for name, value := range asked.GetHeaders() {
		if !strings.HasPrefix(name, ":") {
			fmt.Fprintf(&text, "%s: %s\r\n", name, value)
		}
	}
	return []byte(text.String() + "\r\n" + asked.GetBody())
}
