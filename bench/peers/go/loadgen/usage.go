package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ticksPerSecond is USER_HZ, which Linux fixes at 100 for /proc on every architecture that Go runs on.
const ticksPerSecond = 100

// Fields of /proc/<pid>/stat behind the name of the command (proc(5)).
const (
	statGroup, statUser, statChildren, statPages = 2, 11, 14, 21
)

type usage struct {
	seconds  float64
	resident float64
}

func pidsOf(list string) (pids []string) {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// usages sums user and system time and resident memory over each process group: workers count with
// their supervisor, and children that have ended count through their parent.
func usages(groups []string) []usage {
	sums := make([]usage, len(groups))
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		line := string(content)
		stat := strings.Fields(line[strings.LastIndexByte(line, ')')+2:])
		for i, group := range groups {
			if stat[statGroup] != group {
				continue
			}
			for field := statUser; field <= statChildren; field++ {
				ticks, _ := strconv.ParseFloat(stat[field], 64)
				sums[i].seconds += ticks / ticksPerSecond
			}
			pages, _ := strconv.ParseFloat(stat[statPages], 64)
			sums[i].resident += pages * float64(os.Getpagesize())
		}
	}
	return sums
}

// own is this process's CPU time in seconds.
func own() float64 {
	var spent syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &spent))
	return float64(spent.Utime.Nano()+spent.Stime.Nano()) / 1e9
}

// calibrate times fixed work, so that runs on a busy and on a quiet machine can be told apart.
func calibrate() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	sum := sha256.Sum256([]byte("calibration"))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	must(err)
	document := map[string]string{}
	for i := range 40 {
		document[fmt.Sprintf("key-%02d", i)] = strings.Repeat("value ", 6)
	}
	verify := each(1500, func() { ecdsa.Verify(&key.PublicKey, sum[:], r, s) })
	parse := each(3000, func() {
		text, _ := json.Marshal(document)
		var back map[string]any
		_ = json.Unmarshal(text, &back)
	})
	fmt.Printf("{\"es256_verify_us\": %.1f, \"json_round_trip_us\": %.1f}\n", verify, parse)
}

// each gives the CPU time of one run of work, in microseconds.
func each(times int, work func()) float64 {
	before := own()
	for range times {
		work()
	}
	return (own() - before) * 1e6 / float64(times)
}
