package main

import (
	"fmt"
	"math/rand"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxOutstanding bounds an open loop against a server that does not keep up: an arrival beyond it
	// is counted as lost, and makes no more requests wait.
	maxOutstanding = 4000
	arrivalSeed    = 1
)

// sender carries one record to the server, and says whether it was allowed.
type sender interface {
	send(record int) (bool, error)
}

type driver struct {
	to         sender
	records    []record
	unverified bool
	next       atomic.Int64

	mu                           sync.Mutex
	latencies                    []int64
	errors, wrong, allowed, lost int64
	firstError                   string
}

// closed keeps so many requests in flight until the time has passed or the next record would be end.
func (d *driver) closed(length time.Duration, inFlight int, end int64) time.Duration {
	var workers sync.WaitGroup
	start := time.Now()
	for range inFlight {
		workers.Go(func() {
			for time.Since(start) < length {
				number := d.next.Add(1) - 1
				if end > 0 && number >= end {
					return
				}
				d.one(number, time.Now())
			}
		})
	}
	workers.Wait()
	return time.Since(start)
}

// open sends at a rate that no answer slows down. Latency counts from when a request was due, so that
// a stalled server does not hide the requests that it kept waiting.
func (d *driver) open(length time.Duration, rate float64) time.Duration {
	arrivals := rand.New(rand.NewSource(arrivalSeed))
	var requests sync.WaitGroup
	var outstanding atomic.Int64
	start := time.Now()
	for due := start; ; {
		due = due.Add(time.Duration(arrivals.ExpFloat64() / rate * 1e9))
		if due.Sub(start) > length {
			break
		}
		time.Sleep(time.Until(due))
		if outstanding.Load() >= maxOutstanding {
			d.mu.Lock()
			d.lost++
			d.mu.Unlock()
			continue
		}
		outstanding.Add(1)
		number, at := d.next.Add(1)-1, due
		requests.Go(func() {
			defer outstanding.Add(-1)
			d.one(number, at)
		})
	}
	requests.Wait()
	return time.Since(start)
}

func (d *driver) one(number int64, due time.Time) {
	record := int(number) % len(d.records)
	allowed, err := d.to.send(record)
	latency := time.Since(due).Nanoseconds()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.errors++
		if d.firstError == "" {
			d.firstError = fmt.Sprint(err)
		}
		return
	}
	d.latencies = append(d.latencies, latency)
	if allowed {
		d.allowed++
	}
	if !d.unverified && allowed != d.records[record].allowed {
		d.wrong++
	}
}

// forget drops what was counted while warming up, but for wrong answers: they are wrong then too.
func (d *driver) forget() {
	d.latencies, d.allowed = make([]int64, 0, 1<<18), 0
}

// quantile is in milliseconds; the latencies are sorted.
func (d *driver) quantile(q float64) float64 {
	if len(d.latencies) == 0 {
		return 0
	}
	return float64(d.latencies[int(q*float64(len(d.latencies)-1))]) / 1e6
}
