package page

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/urocket/urocket/internal/proctcp"
)

// guard decides who sees the page, and which requests come from it.
type guard struct {
	peers  peers
	host   string // of the address that is configured
	at     string // that address
	key    string // lets in who may not be told from others
	token  string // of the forms
	cookie string // the name of the one that holds the key; those of other urockets on this host differ
}

func newGuard(o Options) guard {
	host, _, _ := net.SplitHostPort(o.Address)
	g := guard{peers: newPeers(o), host: host, at: o.Address, key: secret(), token: secret()}
	g.cookie = "urocket-" + secret()[:8]
	return g
}

// Link is an address of the page with a key in it: who has it is let in from this
// machine, whoever he is, until urocket ends.
func (p *Page) Link() string {
	host, port, _ := net.SplitHostPort(p.opt.Address)
	if a, err := netip.ParseAddr(host); err == nil && a.IsUnspecified() {
		host = "127.0.0.1"
		if a.Is6() {
			host = "::1"
		}
	}
	return "http://" + net.JoinHostPort(host, port) + "/?key=" + p.guard.key
}

// admit answers who may not come in, and tells who may.
func (g *guard) admit(w http.ResponseWriter, r *http.Request) (who proctcp.Socket, ok bool) {
	if !g.knows(r.Host, localOf(r)) {
		say(w, http.StatusMisdirectedRequest, "this page is not served under that name: ask for localhost or 127.0.0.1, or for the address that `admin` names")
		return who, false
	}
	if r.URL.Path != pathIndex && foreign(r) {
		say(w, http.StatusForbidden, "this was asked for by a page from elsewhere")
		return who, false
	}
	who, err := g.peers.of(r)
	if err != nil {
		say(w, http.StatusForbidden, err.Error())
		return who, false
	}
	if given := r.URL.Query().Get("key"); r.URL.Path == pathIndex && given != "" {
		g.takeKey(w, r, given)
		return who, false
	}
	if g.hasKey(r) {
		return who, true
	}
	if err := g.peers.judge(who); err != nil {
		say(w, http.StatusForbidden, err.Error()+".\n\nWho may ask the unix socket can have a link that lets others in:\n\n    urocket page -c urocket-service.yaml")
		return who, false
	}
	return who, true
}

// knows says whether a Host is a name of this machine that cannot be made one: an
// address is what it says, and localhost is resolved by nobody else. Of addresses it is
// local, where the connection has arrived, or one of the loopback network.
func (g *guard) knows(host string, local netip.Addr) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") || g.host != "" && strings.EqualFold(host, g.host) {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && (a.Unmap().IsLoopback() || a.Unmap() == local)
}

// foreign says whether a browser tells that another page is behind the request.
// Who is no browser says nothing.
func foreign(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return true
	}
	for _, origin := range r.Header.Values("Origin") {
		if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
			return true
		}
	}
	return false
}

// same compares in a time that tells nothing of either.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// takeKey turns the key of a link into a cookie.
func (g *guard) takeKey(w http.ResponseWriter, r *http.Request, given string) {
	if !same(given, g.key) {
		say(w, http.StatusForbidden, "this key is not, or no longer, the right one: it changes when urocket is started")
		return
	}
	// Not strict: who follows a link to the page is to be let in. What ends a call
	// takes more than this.
	http.SetCookie(w, &http.Cookie{Name: g.cookie, Value: g.key, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, pathIndex, http.StatusSeeOther)
}

func (g *guard) hasKey(r *http.Request) bool {
	for _, c := range r.CookiesNamed(g.cookie) {
		if same(c.Value, g.key) {
			return true
		}
	}
	return false
}
