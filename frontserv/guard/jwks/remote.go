package jwks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	freshTime = 10 * time.Minute // how long a set is not asked for again
	staleTime = 24 * time.Hour   // how long one holds that cannot be
	retryTime = 10 * time.Second // between two attempts
	fetchTime = 5 * time.Second  // of one
	maxSize   = 1 << 20          // bytes of an answer
)

// A Remote is a set behind a URL. It may be used by many goroutines.
type Remote struct {
	url    string
	client *http.Client
	tell   func(error)

	fetching chan struct{} // holds one while somebody fetches

	mu    sync.Mutex // of what follows
	set   *Set       // nil: none yet
	at    time.Time  // when it was fetched
	tried time.Time  // when somebody last tried
	err   error      // what came of it
}

// Cache holds one Remote for each URL: what was fetched is kept when the configuration
// that named the URL is replaced by another that names it too. The zero Cache is empty.
type Cache struct {
	mu      sync.Mutex
	remotes map[string]*Remote
}

// Remote returns the set behind a URL that [CheckURL] accepts. tell is told of each attempt to
// fetch it: nil, or why it failed.
func (c *Cache) Remote(url string, tell func(error)) *Remote {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.remotes == nil {
		c.remotes = map[string]*Remote{}
	}
	if c.remotes[url] == nil {
		c.remotes[url] = &Remote{url: url, tell: tell, fetching: make(chan struct{}, 1), client: &http.Client{
			Timeout:       fetchTime,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}}
	}
	return c.remotes[url]
}

// CheckURL says what is wrong with a URL, or nil.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return errors.New("is no URL such as https://id.example.com/jwks.json")
	case u.User != nil:
		return errors.New("holds a name or a password")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return errors.New("is not https")
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return errors.New("is not https: whoever can change what comes from there could sign tokens")
}

// Set returns the keys. Where others are needed than those in lacking (nil: none was
// found wanting) it asks for them, unless that was done a moment ago: then it may return the
// same set again.
func (r *Remote) Set(ctx context.Context, lacking *Set) (*Set, error) {
	set, due := r.state(lacking)
	if !due {
		return r.result(set)
	}
	if set != nil && lacking == nil { // it will do: nobody waits for another's attempt
		select {
		case r.fetching <- struct{}{}:
		default:
			return set, nil
		}
	} else {
		select {
		case r.fetching <- struct{}{}:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %s: %w", r.url, context.Cause(ctx))
		}
	}
	defer func() { <-r.fetching }()
	if set, due = r.state(lacking); !due {
		return r.result(set)
	}
	return r.result(r.refresh(ctx))
}

// state is the set that holds, nil for none, and whether it is time to fetch one.
func (r *Remote) state(lacking *Set) (set *Set, due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	age := time.Since(r.at)
	if age < staleTime {
		set = r.set
	}
	wanted := set == nil || set == lacking || age > freshTime
	return set, wanted && time.Since(r.tried) > retryTime
}

func (r *Remote) result(set *Set) (*Set, error) {
	if set != nil {
		return set, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return nil, r.err
}

// refresh fetches the set; nil: there is none.
func (r *Remote) refresh(ctx context.Context) *Set {
	set, err := r.fetch(context.WithoutCancel(ctx)) // it is for others too
	r.tell(err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tried, r.err = time.Now(), err
	if err == nil {
		r.set, r.at = set, r.tried
	}
	if time.Since(r.at) >= staleTime {
		return nil
	}
	return r.set
}

func (r *Remote) fetch(ctx context.Context) (*Set, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", r.url, err)
	}
	req.Close = true // it is a long time until the next
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch keys: %w", err) // which names the URL
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch %s: status %d", r.url, resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("fetch %s: %w", r.url, err)
	case len(text) > maxSize:
		return nil, fmt.Errorf("fetch %s: the answer is larger than %d bytes", r.url, maxSize)
	}
	set, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: the answer %w", r.url, err)
	}
	return set, nil
}
