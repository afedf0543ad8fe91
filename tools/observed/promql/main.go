// Command promql answers PromQL expressions from scrapes, with Prometheus's own engine, and
// checks a rule file as promtool does.
//
//	promql rules FILE         exit code 1, and a line for each mistake
//	promql ask < QUESTIONS    JSON in, JSON out
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"
)

// Questions are scrapes in the order of their time, and what is asked at the time of the last.
type Questions struct {
	Scrapes []struct {
		At   int64  // milliseconds since 1970
		Job  string // the label that Prometheus adds
		Text string // as Prometheus reads it
	}
	Expressions []struct {
		Name string
		Expr string
		// Parts asks for what is compared, instead of whether the comparison holds.
		Parts bool
	}
}

// Answer says how many series an expression, or a part of one, gives.
type Answer struct {
	Name   string `json:"name"`
	Expr   string `json:"expr"`
	Series int    `json:"series"`
	Error  string `json:"error"`
}

var (
	quiet  = slog.New(slog.NewTextHandler(io.Discard, nil))
	syntax = parser.NewParser(parser.Options{})
)

func main() {
	err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "rules":
		_, mistakes := rulefmt.ParseFile(args[1], false, model.UTF8Validation, syntax, quiet)
		return errors.Join(mistakes...)
	case len(args) == 1 && args[0] == "ask":
		var questions Questions
		if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
			return err
		}
		answers, err := ask(questions)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(answers)
	}
	return errors.New("usage: promql rules FILE | promql ask < QUESTIONS")
}

func ask(questions Questions) ([]Answer, error) {
	folder, err := os.MkdirTemp("", "promql")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	store, err := tsdb.Open(folder, quiet, nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	var last int64
	for _, scrape := range questions.Scrapes {
		if err := keep(store, scrape.Text, scrape.Job, scrape.At); err != nil {
			return nil, err
		}
		last = max(last, scrape.At)
	}
	engine := promql.NewEngine(promql.EngineOpts{
		Logger: quiet, MaxSamples: 10_000_000, Timeout: time.Minute,
	})
	answers := []Answer{}
	for _, each := range questions.Expressions {
		exprs := []string{each.Expr}
		if each.Parts {
			parsed, err := syntax.ParseExpr(each.Expr)
			if err != nil {
				answers = append(answers, Answer{each.Name, each.Expr, 0, err.Error()})
				continue
			}
			exprs = parts(parsed)
		}
		for _, expr := range exprs {
			answers = append(answers, answer(engine, store, each.Name, expr, last))
		}
	}
	return answers, nil
}

func keep(store *tsdb.DB, text, job string, at int64) error {
	appender := store.Appender(context.Background())
	lines := textparse.NewPromParser([]byte(text), labels.NewSymbolTable(), false)
	for {
		entry, err := lines.Next()
		if errors.Is(err, io.EOF) {
			return appender.Commit()
		}
		if err != nil {
			return errors.Join(err, appender.Rollback())
		}
		if entry != textparse.EntrySeries {
			continue
		}
		var found labels.Labels
		lines.Labels(&found)
		named := labels.NewBuilder(found).Set("job", job).Set("instance", "here").Labels()
		_, _, value := lines.Series()
		if _, err := appender.Append(0, named, at, value); err != nil {
			return errors.Join(err, appender.Rollback())
		}
	}
}

// parts gives what the comparisons of an expression compare, numbers aside.
func parts(expr parser.Expr) []string {
	if expr.Type() == parser.ValueTypeScalar {
		return nil
	}
	switch each := expr.(type) {
	case *parser.ParenExpr:
		return parts(each.Expr)
	case *parser.BinaryExpr:
		if each.Op.IsComparisonOperator() || each.Op.IsSetOperator() {
			return append(parts(each.LHS), parts(each.RHS)...)
		}
	case *parser.Call:
		if each.Func.Name == "absent" {
			return parts(each.Args[0])
		}
	}
	return []string{expr.String()}
}

func answer(engine *promql.Engine, store *tsdb.DB, name, expr string, at int64) Answer {
	ctx := context.Background()
	query, err := engine.NewInstantQuery(ctx, store, nil, expr, time.UnixMilli(at))
	if err != nil {
		return Answer{name, expr, 0, err.Error()}
	}
	defer query.Close()
	result := query.Exec(ctx)
	if result.Err != nil {
		return Answer{name, expr, 0, result.Err.Error()}
	}
	vector, err := result.Vector()
	if err != nil {
		return Answer{name, expr, 0, err.Error()}
	}
	return Answer{name, expr, len(vector), ""}
}
