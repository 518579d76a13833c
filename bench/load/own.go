package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// tally is what one connection has seen.
type tally struct {
	times     []time.Duration
	bad, lost int64
}

// runOwn is the generator of our own: a goroutine and a connection for each of Conns.
func runOwn(ctx context.Context, j Job) (Result, error) {
	u, err := url.Parse(j.URL)
	if err != nil {
		return Result{}, err
	}
	requests := encode(u, j)
	tallies := make([]tally, j.Conns)
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, j.Duration)
	defer cancel()
	var wg sync.WaitGroup
	for i := range tallies {
		wg.Go(func() { tallies[i].ask(ctx, u.Host, requests, i, j) })
	}
	wg.Wait()
	return sum(tallies, time.Since(begin)), nil
}

// encode makes the requests, byte for byte, once.
func encode(u *url.URL, j Job) (requests [][]byte) {
	paths := j.Paths
	if len(paths) == 0 {
		paths = []string{u.RequestURI()}
	}
	for _, p := range paths {
		head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", p, u.Host, j.ContentType, len(j.Body))
		requests = append(requests, append([]byte(head), j.Body...))
	}
	return requests
}

// ask asks until the time is over; a connection that fails is replaced.
func (t *tally) ask(ctx context.Context, host string, requests [][]byte, next int, j Job) {
	var conn net.Conn
	var in *bufio.Reader
	defer func() {
		if conn != nil {
			_ = conn.Close()
		}
	}()
	for ; ctx.Err() == nil; next++ {
		if conn == nil {
			c, err := net.DialTimeout("tcp", host, j.Timeout)
			if err != nil {
				t.lost++
				time.Sleep(10 * time.Millisecond)
				continue
			}
			conn, in = c, bufio.NewReader(c)
		}
		begin := time.Now()
		_ = conn.SetDeadline(begin.Add(j.Timeout))
		status, keep, err := exchange(conn, in, requests[next%len(requests)])
		switch {
		case err != nil:
			t.lost++
		default:
			t.times = append(t.times, time.Since(begin))
		}
		if err == nil && status/100 != 2 {
			t.bad++
		}
		if !keep {
			_ = conn.Close()
			conn = nil
		}
		rest(ctx, j.Pause)
	}
}

func rest(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-over.C:
	case <-ctx.Done():
	}
}

// exchange sends a request and reads its answer to the end. keep says whether the
// connection can be used again.
func exchange(conn net.Conn, in *bufio.Reader, request []byte) (status int, keep bool, err error) {
	if _, err := conn.Write(request); err != nil {
		return 0, false, err
	}
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		return 0, false, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode, err == nil && !resp.Close, err
}

func sum(tallies []tally, took time.Duration) (r Result) {
	var times []time.Duration
	for _, t := range tallies {
		times = append(times, t.times...)
		r.Bad += t.bad
		r.Lost += t.lost
	}
	slices.Sort(times)
	r.Answers = int64(len(times))
	r.Rate = float64(r.Answers-r.Bad) / took.Seconds()
	if n := len(times); n > 0 {
		r.P50, r.P99 = times[n/2], times[n*99/100]
	}
	return r
}
