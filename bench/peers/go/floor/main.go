// floor is the least that a compiled ext_authz server of the scenario costs: plain Go, written for
// this one policy. It has no directory, no policy language, no reload, and it takes the last of two
// equal names in a body.
//
//   - -mode noop parses the Check and answers OK with one header
//   - -mode full verifies each token
//   - -mode cached remembers the tokens that it has verified
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"

	"github.com/coreos/go-oidc/v3/oidc"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
)

// maxRemembered bounds the memory of tokens; when it is full it is emptied, which is the cheapest rule.
const maxRemembered = 50_000

type world struct {
	Issuer   string              `json:"issuer"`
	Audience string              `json:"audience"`
	JwksURL  string              `json:"jwks_url"`
	Agents   []string            `json:"agents"`
	Grants   map[string][]string `json:"grants"`
}

type claims struct {
	Subject string   `json:"sub"`
	Expires int64    `json:"exp"`
	Roles   []string `json:"roles"`
	Client  string   `json:"client_id"`
}

type decision struct {
	claims claims
	tool   string
	status int
	reason string
}

type server struct {
	authv3.UnimplementedAuthorizationServer
	verifier *oidc.IDTokenVerifier
	agents   map[string]bool
	grants   map[string]map[string]bool

	remembers  bool
	remembered map[string]claims
	memory     sync.RWMutex

	log     *bufio.Writer
	logging sync.Mutex
}

type noop struct {
	authv3.UnimplementedAuthorizationServer
}

func main() {
	address := flag.String("addr", "127.0.0.1:9192", "where Checks are answered")
	mode := flag.String("mode", "full", "noop, full or cached")
	file := flag.String("world", "world.json", "the scenario's facts")
	flag.Parse()
	listener, err := net.Listen("tcp", *address)
	must(err)
	serving := grpc.NewServer()
	if *mode == "noop" {
		authv3.RegisterAuthorizationServer(serving, noop{})
	} else {
		authv3.RegisterAuthorizationServer(serving, open(*file, *mode == "cached"))
	}
	must(serving.Serve(listener))
}

func open(file string, remembers bool) *server {
	content, err := os.ReadFile(file)
	must(err)
	var w world
	must(json.Unmarshal(content, &w))
	s := &server{
		verifier: oidc.NewVerifier(w.Issuer, oidc.NewRemoteKeySet(context.Background(), w.JwksURL),
			&oidc.Config{ClientID: w.Audience, SupportedSigningAlgs: []string{"ES256"}}),
		agents: map[string]bool{}, grants: map[string]map[string]bool{},
		remembers: remembers, remembered: map[string]claims{},
		log: bufio.NewWriter(os.Stdout),
	}
	for _, agent := range w.Agents {
		s.agents[agent] = true
	}
	for role, tools := range w.Grants {
		s.grants[role] = map[string]bool{}
		for _, tool := range tools {
			s.grants[role][tool] = true
		}
	}
	return s
}

func (noop) Check(_ context.Context, check *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	return passage(check.GetAttributes().GetRequest().GetHttp().GetHost(), nil), nil
}

func (s *server) Check(ctx context.Context, check *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	start := time.Now()
	asked := check.GetAttributes().GetRequest().GetHttp()
	d := s.decide(ctx, asked)
	s.record(asked, d, start)
	if d.status != http.StatusOK {
		return refusal(d.status), nil
	}
	return passage(d.claims.Subject, []string{"authorization"}), nil
}

func (s *server) decide(ctx context.Context, asked *authv3.AttributeContext_HttpRequest) decision {
	c, err := s.identify(ctx, asked.GetHeaders()["authorization"])
	if err != nil {
		return decision{status: http.StatusUnauthorized, reason: "token"}
	}
	if !s.agents[c.Client] {
		return decision{claims: c, status: http.StatusForbidden, reason: "agent"}
	}
	body := []byte(asked.GetBody())
	if len(body) == 0 {
		body = asked.GetRawBody()
	}
	var call struct {
		Method string `json:"method"`
		Params struct {
			Name string `json:"name"`
		} `json:"params"`
	}
	if json.Unmarshal(body, &call) != nil || call.Method != "tools/call" {
		return decision{claims: c, status: http.StatusForbidden, reason: "body"}
	}
	for _, role := range c.Roles {
		if s.grants[role][call.Params.Name] {
			return decision{c, call.Params.Name, http.StatusOK, "granted"}
		}
	}
	return decision{c, call.Params.Name, http.StatusForbidden, "role"}
}

func (s *server) identify(ctx context.Context, credential string) (c claims, err error) {
	token, found := strings.CutPrefix(credential, "Bearer ")
	if !found {
		return c, errors.New("no bearer token")
	}
	if c, found = s.recall(token); found {
		return c, nil
	}
	verified, err := s.verifier.Verify(ctx, token)
	if err != nil {
		return c, err
	}
	if err = verified.Claims(&c); err == nil {
		s.remember(token, c)
	}
	return c, err
}

func (s *server) recall(token string) (c claims, found bool) {
	if !s.remembers {
		return c, false
	}
	s.memory.RLock()
	defer s.memory.RUnlock()
	c, found = s.remembered[token]
	return c, found && time.Now().Unix() < c.Expires
}

func (s *server) remember(token string, c claims) {
	if !s.remembers {
		return
	}
	s.memory.Lock()
	defer s.memory.Unlock()
	if len(s.remembered) >= maxRemembered {
		clear(s.remembered)
	}
	s.remembered[token] = c
}

// record writes one line a decision, without the credential.
func (s *server) record(asked *authv3.AttributeContext_HttpRequest, d decision, start time.Time) {
	line, err := json.Marshal(map[string]any{
		"time": start.UTC(), "id": asked.GetHeaders()["x-request-id"], "host": asked.GetHost(),
		"path": asked.GetPath(), "user": d.claims.Subject, "agent": d.claims.Client, "tool": d.tool,
		"status": d.status, "reason": d.reason, "us": time.Since(start).Microseconds(),
	})
	must(err)
	s.logging.Lock()
	defer s.logging.Unlock()
	s.log.Write(line)
	s.log.WriteByte('\n')
	must(s.log.Flush())
}

func passage(user string, removed []string) *authv3.CheckResponse {
	header := &corev3.HeaderValueOption{Header: &corev3.HeaderValue{Key: "x-user", Value: user}}
	ok := &authv3.OkHttpResponse{
		Headers: []*corev3.HeaderValueOption{header}, HeadersToRemove: removed,
	}
	return &authv3.CheckResponse{
		Status: &status.Status{}, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: ok},
	}
}

func refusal(httpStatus int) *authv3.CheckResponse {
	grpcCode := code.Code_PERMISSION_DENIED
	if httpStatus == http.StatusUnauthorized {
		grpcCode = code.Code_UNAUTHENTICATED
	}
	denied := &authv3.DeniedHttpResponse{
		Status: &typev3.HttpStatus{Code: typev3.StatusCode(httpStatus)}, Body: `{"error":"denied"}`,
	}
	return &authv3.CheckResponse{
		Status:       &status.Status{Code: int32(grpcCode)},
		HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: denied},
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}
