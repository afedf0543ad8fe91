// opaauthz is OPA's own command (`run --server ...`) with an ext_authz listener, registered through
// OPA's public plugin interface as `plugins.authz_bench`. It stands in for the Envoy plugin of the OPA
// project, whose module the Go registry refuses to some; at equal work it costs 1.0 to 1.1 times the
// real one, so ratios against it are fair.
//
//   - mode full: the whole Check as JSON is the input, with parsed path, query and body beside it, which
//     is the documented shape
//   - mode lean: only what the policy reads is handed over, a best case that a general plugin cannot reach
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/open-policy-agent/opa/cmd"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/plugins"
	"github.com/open-policy-agent/opa/v1/plugins/logs"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/runtime"
	opaserver "github.com/open-policy-agent/opa/v1/server"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/topdown/cache"
	"github.com/open-policy-agent/opa/v1/util"
)

const name = "authz_bench"

type config struct {
	Addr string `json:"addr"`
	Path string `json:"path"`
	Mode string `json:"mode"`
}

type factory struct{}

func (factory) Validate(_ *plugins.Manager, raw []byte) (any, error) {
	c := config{Addr: "127.0.0.1:9191", Path: "envoy/authz/allow", Mode: "full"}
	return &c, util.Unmarshal(raw, &c)
}

func (factory) New(m *plugins.Manager, c any) plugins.Plugin {
	m.UpdatePluginStatus(name, &plugins.Status{State: plugins.StateNotReady})
	return &plugin{manager: m, cfg: *(c.(*config))}
}

type plugin struct {
	authv3.UnimplementedAuthorizationServer
	manager *plugins.Manager
	cfg     config
	mu      sync.RWMutex
	query   *rego.PreparedEvalQuery
	http    cache.InterQueryCache
	grpc    *grpc.Server
}

func (p *plugin) Start(ctx context.Context) error {
	cc := p.manager.InterQueryBuiltinCacheConfig()
	p.http = cache.NewInterQueryCacheWithContext(ctx, cc)
	p.manager.RegisterCompilerTrigger(p.forget)
	l, err := net.Listen("tcp", p.cfg.Addr)
	if err != nil {
		return err
	}
	p.grpc = grpc.NewServer()
	authv3.RegisterAuthorizationServer(p.grpc, p)
	go p.grpc.Serve(l)
	p.manager.UpdatePluginStatus(name, &plugins.Status{State: plugins.StateOK})
	return nil
}

// forget drops the prepared query when policies change.
func (p *plugin) forget(storage.Transaction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.query = nil
}

func (p *plugin) Stop(context.Context)             { p.grpc.Stop() }
func (p *plugin) Reconfigure(context.Context, any) {}

// prepared compiles the query once for each state of the policies.
func (p *plugin) prepared(ctx context.Context, txn storage.Transaction) (*rego.PreparedEvalQuery, error) {
	p.mu.RLock()
	q := p.query
	p.mu.RUnlock()
	if q != nil {
		return q, nil
	}
	opts := []func(*rego.Rego){
		rego.ParsedQuery(ast.MustParseBody("data." + strings.ReplaceAll(p.cfg.Path, "/", "."))),
		rego.Compiler(p.manager.GetCompiler()), rego.Store(p.manager.Store), rego.Transaction(txn), rego.Runtime(p.manager.Info),
	}
	pq, err := rego.New(opts...).PrepareForEval(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.query = &pq
	p.mu.Unlock()
	return &pq, nil
}

func bodyOf(h *authv3.AttributeContext_HttpRequest) []byte {
	if b := h.GetBody(); b != "" {
		return []byte(b)
	}
	return h.GetRawBody()
}

// input builds the policy's input document.
func (p *plugin) input(req *authv3.CheckRequest) (map[string]any, error) {
	h := req.GetAttributes().GetRequest().GetHttp()
	if p.cfg.Mode == "lean" {
		in := map[string]any{"authorization": h.GetHeaders()["authorization"]}
		var call struct {
			Method string `json:"method"`
			Params struct {
				Name string `json:"name"`
			} `json:"params"`
		}
		if err := json.Unmarshal(bodyOf(h), &call); err == nil {
			in["method"], in["tool"] = call.Method, call.Params.Name
		}
		return in, nil
	}
	raw, err := protojson.Marshal(req)
	if err != nil {
		return nil, err
	}
	in := map[string]any{}
	if err = util.UnmarshalJSON(raw, &in); err != nil {
		return nil, err
	}
	u, err := url.Parse(h.GetPath())
	if err != nil {
		return nil, err
	}
	var segments []any
	for _, s := range strings.Split(strings.Trim(u.Path, "/"), "/") {
		segments = append(segments, s)
	}
	queries := map[string]any{}
	for k, vs := range u.Query() {
		var l []any
		for _, v := range vs {
			l = append(l, v)
		}
		queries[k] = l
	}
	in["parsed_path"], in["parsed_query"], in["truncated_body"] = segments, queries, false
	in["version"] = map[string]any{"ext_authz": "v3", "encoding": "protojson"}
	if strings.Contains(h.GetHeaders()["content-type"], "application/json") {
		if b := bodyOf(h); len(bytes.TrimSpace(b)) > 0 {
			var parsed any
			if err := util.UnmarshalJSON(b, &parsed); err != nil {
				return nil, err
			}
			in["parsed_body"] = parsed
		}
	}
	return in, nil
}

// denied is an explicit refusal; the gRPC call itself never fails.
func denied(code int32, http int, body string) *authv3.CheckResponse {
	return &authv3.CheckResponse{Status: &status.Status{Code: code}, HttpResponse: &authv3.CheckResponse_DeniedResponse{
		DeniedResponse: &authv3.DeniedHttpResponse{Status: &typev3.HttpStatus{Code: typev3.StatusCode(http)}, Body: body}}}
}

func (p *plugin) Check(ctx context.Context, req *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	m := metrics.New()
	m.Timer(metrics.ServerHandler).Start()
	id := uuid.NewString()
	info := &opaserver.Info{DecisionID: id, Timestamp: time.Now(), Path: p.cfg.Path, Metrics: m}
	resp, err := p.check(ctx, req, info)
	if err != nil {
		info.Error = err
		resp = denied(7, 403, "")
	}
	m.Timer(metrics.ServerHandler).Stop()
	if plug := logs.Lookup(p.manager); plug != nil {
		if lerr := plug.Log(ctx, info); lerr != nil {
			return nil, lerr
		}
	}
	return resp, nil
}

// check evaluates the policy in one read transaction and fills info for the decision log.
func (p *plugin) check(ctx context.Context, req *authv3.CheckRequest, info *opaserver.Info) (*authv3.CheckResponse, error) {
	in, err := p.input(req)
	if err != nil {
		return nil, err
	}
	var doc any = in
	val, err := ast.InterfaceToValue(in)
	if err != nil {
		return nil, err
	}
	info.Input, info.InputAST = &doc, val
	var result any
	err = storage.Txn(ctx, p.manager.Store, storage.TransactionParams{}, func(txn storage.Transaction) error {
		info.Txn = txn
		q, err := p.prepared(ctx, txn)
		if err != nil {
			return err
		}
		opts := []rego.EvalOption{rego.EvalParsedInput(val), rego.EvalTransaction(txn), rego.EvalMetrics(info.Metrics),
			rego.EvalInterQueryBuiltinCache(p.http), rego.EvalTime(info.Timestamp)}
		rs, err := q.Eval(ctx, opts...)
		if err != nil {
			return err
		}
		if len(rs) != 1 || len(rs[0].Expressions) != 1 {
			return fmt.Errorf("undefined decision")
		}
		result = rs[0].Expressions[0].Value
		return nil
	})
	if err != nil {
		return nil, err
	}
	info.Results = &result
	return answer(result, info.DecisionID)
}

// answer writes the policy's decision object as the plugin documents it: allowed, headers,
// request_headers_to_remove, http_status and body.
func answer(result any, id string) (*authv3.CheckResponse, error) {
	r, ok := result.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("decision is no object")
	}
	if r["allowed"] != true {
		code, body := 403, ""
		if n, ok := r["http_status"].(json.Number); ok {
			if v, err := n.Int64(); err == nil {
				code = int(v)
			}
		}
		body, _ = r["body"].(string)
		return denied(7, code, body), nil
	}
	okr := &authv3.OkHttpResponse{}
	if hs, ok := r["headers"].(map[string]any); ok {
		for k, v := range hs {
			s, ok := v.(string)
			if !ok {
				return nil, fmt.Errorf("header value")
			}
			okr.Headers = append(okr.Headers, &corev3.HeaderValueOption{Header: &corev3.HeaderValue{Key: k, Value: s}})
		}
	}
	if l, ok := r["request_headers_to_remove"].([]any); ok {
		for _, v := range l {
			s, ok := v.(string)
			if !ok {
				return nil, fmt.Errorf("header name")
			}
			okr.HeadersToRemove = append(okr.HeadersToRemove, s)
		}
	}
	md, err := structpb.NewStruct(map[string]any{"decision_id": id})
	if err != nil {
		return nil, err
	}
	return &authv3.CheckResponse{Status: &status.Status{}, DynamicMetadata: md, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: okr}}, nil
}

func main() {
	runtime.RegisterPlugin(name, factory{})
	if err := cmd.RootCommand.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
