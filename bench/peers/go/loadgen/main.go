// loadgen sends the Checks of a corpus and compares every answer with the verdict that the corpus
// expects. It prints one JSON object: latencies, throughput, wrong answers, and what the server
// spent meanwhile, as the kernel counts it.
//
// One generator for all servers: what it costs itself is the same for each of them.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"
)

func main() {
	address := flag.String("addr", "127.0.0.1:9191", "the server, or with -http an Envoy in front of it")
	file := flag.String("corpus", "", "file of Checks")
	http := flag.Bool("http", false, "send the requests that the Checks are about, by HTTP/1.1")
	inFlight := flag.Int("c", 16, "closed loop: requests in flight")
	rate := flag.Float64("rate", 0, "open loop: requests a second, in a Poisson process")
	measured := flag.Duration("d", 3*time.Second, "measured time")
	warm := flag.Duration("warm", 0, "time before that, closed loop, that is not measured")
	end := flag.Int64("end", 0, "closed loop: end before this record, if -d has not passed before; 0 starts over")
	connections := flag.Int("conns", 1, "gRPC connections")
	groups := flag.String("pids", "", "process groups whose CPU is read, comma-separated")
	unverified := flag.Bool("noverify", false, "do not compare verdicts: the server does no work")
	offset := flag.Int64("offset", 0, "the first record")
	calibration := flag.Bool("calibrate", false, "print what fixed work costs on this core, and end")
	flag.Parse()
	if *calibration {
		calibrate()
		return
	}

	records := load(*file)
	var to sender
	if *http {
		to = overHTTP(*address, *inFlight, records)
	} else {
		to = overGRPC(*address, *connections, records)
	}
	l := &driver{to: to, records: records, unverified: *unverified}
	l.next.Store(*offset)
	if *warm > 0 {
		l.closed(*warm, *inFlight, *end)
		l.forget()
	}
	pids := pidsOf(*groups)
	before, mine := usages(pids), own()
	var took time.Duration
	if *rate > 0 {
		took = l.open(*measured, *rate)
	} else {
		took = l.closed(*measured, *inFlight, *end)
	}
	after := usages(pids)
	report(l, took, before, after, own()-mine)
}

func report(l *driver, took time.Duration, before, after []usage, mine float64) {
	sort.Slice(l.latencies, func(i, j int) bool { return l.latencies[i] < l.latencies[j] })
	count := float64(max(len(l.latencies), 1))
	told := map[string]any{
		"calls": len(l.latencies), "errors": l.errors, "first_error": l.firstError, "wrong": l.wrong,
		"lost": l.lost, "allowed": l.allowed, "seconds": took.Seconds(),
		"per_second": float64(len(l.latencies)) / took.Seconds(),
		"p50_ms":     l.quantile(.5), "p99_ms": l.quantile(.99), "max_ms": l.quantile(1),
		"generator_us": mine * 1e6 / count, "next_offset": l.next.Load(),
	}
	var spent, resident []float64
	for i := range after {
		spent = append(spent, (after[i].seconds-before[i].seconds)*1e6/count)
		resident = append(resident, after[i].resident/1e6)
	}
	told["cpu_us"], told["resident_mb"] = spent, resident
	line, err := json.Marshal(told)
	must(err)
	fmt.Println(string(line))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "loadgen:", strings.TrimSpace(err.Error()))
		os.Exit(1)
	}
}
