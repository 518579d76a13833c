package guard

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"

	"github.com/urocket/urocket/frontserv/follow"
)

// Passwords are a file of names and bcrypt hashes, as htpasswd -B writes it.
type Passwords struct{ File string }

const (
	// lowCost is below what is slow enough for passwords that people choose. htpasswd
	// has 5 if it is not told otherwise.
	lowCost = 10
	// maxCost takes seconds. With more, a request would hold a processor for that long.
	maxCost = 16
	// checkTime is how long a password waits to be checked while others are.
	checkTime = 5 * time.Second
	// maxKnown is how many good passwords are remembered.
	maxKnown = 4096
)

// account is a line of the file.
type account struct {
	name string
	hash []byte
}

// passwordChecker checks passwords.
type passwordChecker struct {
	place place
	file  *follow.Value[[]account]
	slots chan struct{} // one for each check under way

	secret [32]byte // of the marks
	mu     sync.Mutex
	known  map[[sha256.Size]byte]struct{} // marks of what was found good
}

func (Passwords) fits(s Scheme) bool { return s.Type == "http" && s.HTTP == "basic" }

// processors is how many there are to run on: GOMAXPROCS before anybody sets it.
var processors = runtime.GOMAXPROCS(0)

func (p Passwords) open(b *builder) checker {
	c := &passwordChecker{
		place: placeOf(b.scheme), known: map[[sha256.Size]byte]struct{}{},
		// Half of the processors are left to requests that have shown who they are.
		slots: make(chan struct{}, max(1, processors/2)),
	}
	_, _ = rand.Read(c.secret[:]) // never fails
	var err error
	c.file, err = follow.New(func(texts [][]byte) ([]account, error) { return parseAccounts(texts[0]) }, b.Sources.tell(b.name, "htpasswd"), p.File)
	if err != nil {
		b.fault("htpasswd", "%s: %v", p.File, fileReason(err))
		return c
	}
	weak := 0
	for _, a := range c.file.Get() {
		if cost, _ := bcrypt.Cost(a.hash); cost < lowCost {
			weak++
		}
	}
	if weak > 0 {
		b.warn("htpasswd", "%d of its passwords have a bcrypt cost under %d, which is quick to guess if the file is lost: htpasswd -B -C 12", weak, lowCost)
	}
	if len(c.file.Get()) == 0 {
		b.warn("htpasswd", "there is no password yet, so nobody is let in by %s", b.name)
	}
	return c
}

var bcryptForm = regexp.MustCompile(`^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$`)

// parseAccounts reads the file. Its errors show nothing of it.
func parseAccounts(text []byte) ([]account, error) {
	accounts := []account{}
	seen := map[string]int{}
	n := 0
	for line := range bytes.Lines(text) {
		n++
		entry := strings.TrimSpace(string(line))
		if entry == "" || entry[0] == '#' {
			continue
		}
		name, hash, ok := strings.Cut(entry, ":")
		cost, err := bcrypt.Cost([]byte(hash))
		switch {
		case !ok || name == "" || len(name) > maxName || !sayable(name):
			return nil, fmt.Errorf("line %d is not of the form NAME:HASH", n)
		case !bcryptForm.MatchString(hash) || err != nil:
			return nil, fmt.Errorf("line %d: the hash is none of bcrypt, which alone is accepted: htpasswd -B -C 12 makes one", n)
		case cost > maxCost:
			return nil, fmt.Errorf("line %d: a bcrypt cost of %d takes minutes to check: %d at most", n, cost, maxCost)
		case seen[name] != 0:
			return nil, fmt.Errorf("line %d has the name of line %d", n, seen[name])
		}
		seen[name] = n
		accounts = append(accounts, account{name, []byte(hash)})
	}
	return accounts, nil
}

// sayable says whether a name can stand in a variable and a log line.
func sayable(name string) bool {
	return utf8.ValidString(name) && strings.IndexFunc(name, unicode.IsControl) < 0
}

// look implements [checker].
func (c *passwordChecker) look(r *Request) (holder, *failure) {
	sent, f := c.place.take(r)
	if f != nil {
		return holder{}, f
	}
	plain, err := base64.StdEncoding.DecodeString(sent)
	name, password, ok := strings.Cut(string(plain), ":")
	if err != nil || !ok {
		return holder{}, invalid("name and password are malformed")
	}
	accounts := c.file.Get()
	if len(accounts) == 0 {
		return holder{}, wrongPassword()
	}
	found, hash := false, accounts[0].hash // of somebody: an unknown name takes as long
	for _, a := range accounts {
		if a.name == name {
			found, hash = true, a.hash
		}
	}
	good, f := c.check(r.Context(), hash, name, password, found)
	switch {
	case f != nil:
		return holder{}, f
	case !good:
		return holder{}, wrongPassword()
	}
	return holder{user: name}, nil
}

func wrongPassword() *failure { return invalid("the name or the password is wrong") }

// check compares a password with a hash, or finds that it has been before. Only so many
// are compared at a time. A good one is remembered if it is somebody's.
func (c *passwordChecker) check(ctx context.Context, hash []byte, name, password string, somebodys bool) (good bool, f *failure) {
	mark := c.mark(hash, name, password)
	c.mu.Lock()
	_, good = c.known[mark]
	c.mu.Unlock()
	if good {
		return true, nil
	}
	busy := &failure{why: isBusy, text: "too many passwords are being checked"}
	timer := time.NewTimer(checkTime)
	defer timer.Stop()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-timer.C:
		return false, busy
	case <-ctx.Done():
		return false, busy
	}
	if bcrypt.CompareHashAndPassword(hash, []byte(password)) != nil || !somebodys {
		return false, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxKnown {
		clear(c.known)
	}
	c.known[mark] = struct{}{}
	return true, nil
}

// mark stands for a password in memory. It is of no use outside this process, and it is
// another one when the hash is.
func (c *passwordChecker) mark(hash []byte, name, password string) (mark [sha256.Size]byte) {
	m := hmac.New(sha256.New, c.secret[:])
	fmt.Fprintf(m, "%s %d %s %s", hash, len(name), name, password)
	m.Sum(mark[:0])
	return mark
}

func (c *passwordChecker) challenge(ch *challenge) {
	ch.begin("Basic")
	ch.param("charset", "UTF-8")
}

func (c *passwordChecker) hides() place { return c.place }
func (c *passwordChecker) scoped() bool { return false }
func (c *passwordChecker) kind() string { return "Basic" }
