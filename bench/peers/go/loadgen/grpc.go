package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	method  = "/envoy.service.auth.v3.Authorization/Check"
	timeout = 5 * time.Second
)

type grpcSender struct {
	records     []record
	connections []*grpc.ClientConn
	turn        atomic.Int64
}

func overGRPC(address string, connections int, records []record) sender {
	s := &grpcSender{records: records}
	for range connections {
		connection, err := grpc.NewClient("passthrough:///"+address,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodecV2(asItIs{})))
		must(err)
		s.connections = append(s.connections, connection)
	}
	return s
}

func (s *grpcSender) send(number int) (bool, error) {
	connection := s.connections[int(s.turn.Add(1))%len(s.connections)]
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var answer []byte
	if err := connection.Invoke(ctx, method, s.records[number].check, &answer); err != nil {
		return false, err
	}
	return verdict(answer)
}

// asItIs leaves bytes as they are: building messages is not what is measured.
type asItIs struct{}

func (asItIs) Name() string { return "proto" }

func (asItIs) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (asItIs) Unmarshal(data mem.BufferSlice, v any) error {
	*(v.(*[]byte)) = data.Materialize()
	return nil
}

var (
	errOdd = errors.New("the answer is no CheckResponse that allows or refuses")
	// errBusy is a server's refusal for want of time. It is no wrong verdict, but it is none at all.
	errBusy = errors.New("the server refuses for want of time")
)

// verdict reads of a CheckResponse whether it allows: status.code is field 1 in field 1, a
// denied_response is field 2, an ok_response field 3.
func verdict(answer []byte) (bool, error) {
	status, err := fields(answer)
	if err != nil {
		return false, err
	}
	parts, err := fields(status[1])
	if err != nil {
		return false, err
	}
	code, _ := protowire.ConsumeVarint(parts[1])
	if code == uint64(codes.Unavailable) || code == uint64(codes.ResourceExhausted) {
		return false, errBusy
	}
	_, refused := status[2]
	_, allowed := status[3]
	if allowed == refused {
		return false, errOdd
	}
	return allowed && len(parts[1]) == 0, nil
}

// fields gives the fields of a message by number: the content of those with a length, and of a
// number that is not 0 its bytes.
func fields(message []byte) (map[protowire.Number][]byte, error) {
	found := map[protowire.Number][]byte{}
	for len(message) > 0 {
		number, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return nil, errOdd
		}
		message = message[size:]
		size = protowire.ConsumeFieldValue(number, kind, message)
		if size < 0 {
			return nil, errOdd
		}
		value := message[:size]
		if kind == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(value)
		} else if number, n := protowire.ConsumeVarint(value); n > 0 && number == 0 {
			value = nil
		}
		found[number] = value
		message = message[size:]
	}
	return found, nil
}
