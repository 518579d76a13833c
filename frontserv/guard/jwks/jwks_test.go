package jwks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Keys of RFC 7517 appendix A.1, RFC 7515 appendix A.3 and RFC 8037 appendix A.2.
const (
	rfcRSA = `"kty":"RSA","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"`
	rfcEC  = `"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"`
	rfcEd  = `"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"`
)

func set(members ...string) string {
	return `{"keys":[{` + strings.Join(members, "},{") + `}]}`
}

func TestWhatFits(t *testing.T) {
	for _, c := range []struct {
		member string
		fits   string // algorithms, of all there are
	}{
		{rfcRSA, "RS256 RS384 RS512 PS256 PS384 PS512"},
		{rfcRSA + `,"alg":"RS256"`, "RS256"},
		{rfcRSA + `,"use":"sig","key_ops":["verify"]`, "RS256 RS384 RS512 PS256 PS384 PS512"},
		{rfcEC, "ES256"},
		{rfcEC + `,"alg":"ES256"`, "ES256"},
		{rfcEd, "EdDSA"},
		{rfcEd + `,"alg":"Ed25519"`, "EdDSA"},
		{rfcRSA + `,"d":"private and ignored"`, "RS256 RS384 RS512 PS256 PS384 PS512"},
	} {
		s, err := Parse([]byte(set(c.member + `,"kid":"k"`)))
		if err != nil {
			t.Errorf("%s: %v", c.member, err)
			continue
		}
		for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "none", ""} {
			want := alg != "" && strings.Contains(" "+c.fits+" ", " "+alg+" ")
			for _, id := range []string{"k", ""} {
				if got := s.Find(alg, id) != nil; got != want {
					t.Errorf("%s for %q by %q: %v", c.member, alg, id, got)
				}
			}
			if s.Find(alg, "K") != nil {
				t.Errorf("%s is found by another id", c.member)
			}
		}
	}
}

func TestWhatIsLeftOut(t *testing.T) {
	for name, member := range map[string]string{
		"symmetric":               `"kty":"oct","k":"c2hhcmVk"`,
		"for encryption":          rfcRSA + `,"use":"enc"`,
		"not to verify":           rfcRSA + `,"key_ops":["encrypt"]`,
		"no operation at all":     rfcRSA + `,"key_ops":[]`,
		"algorithm of another":    rfcRSA + `,"alg":"ES256"`,
		"HMAC with a public key":  rfcRSA + `,"alg":"HS256"`,
		"small RSA":               `"kty":"RSA","e":"AQAB","n":"` + strings.Repeat("q", 171) + `"`,
		"large RSA":               `"kty":"RSA","e":"AQAB","n":"` + strings.Repeat("q", 1600) + `"`,
		"even exponent":           strings.Replace(rfcRSA, "AQAB", "AQAA", 1),
		"exponent of 1":           strings.Replace(rfcRSA, "AQAB", "AQ", 1),
		"exponent of many bytes":  strings.Replace(rfcRSA, "AQAB", "AQABAQABAQABAQAB", 1),
		"no modulus":              `"kty":"RSA","e":"AQAB"`,
		"padded modulus":          strings.Replace(rfcRSA, `KgwA"`, `Kgw=="`, 1) + `,"e":"=="`,
		"point off the curve":     strings.Replace(rfcEC, "f83O", "f83P", 1),
		"point at zero":           `"kty":"EC","crv":"P-256","x":"` + strings.Repeat("A", 43) + `","y":"` + strings.Repeat("A", 43) + `"`,
		"point of another curve":  strings.Replace(rfcEC, "P-256", "P-384", 1),
		"another curve":           strings.Replace(rfcEC, "P-256", "secp256k1", 1),
		"X25519":                  strings.Replace(rfcEd, "Ed25519", "X25519", 1),
		"short Ed25519":           strings.Replace(rfcEd, "11qY", "", 1),
		"no type":                 `"e":"AQAB"`,
		"type that is a number":   `"kty":7`,
		"members that are no set": ``,
	} {
		if s, err := Parse([]byte(set(member))); err == nil || !errors.Is(err, errNone) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
		s, err := Parse([]byte(set(member, rfcEC)))
		if err != nil || s.Find("ES256", "") == nil || s.String() != "1 keys, and 1 that cannot check a token" {
			t.Errorf("%s beside a good one: %v, %v", name, s, err)
		}
	}
	for _, text := range []string{"", "null", "[]", `{}`, `{"keys":{}}`, `{"keys":null}`, "{", rfcRSA, strings.Repeat("[", 20000)} {
		if s, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), "is no JSON Web Key Set") {
			t.Errorf("%.20q: %v, %v", text, s, err)
		}
	}
}

// Which of several keys is meant has to be clear.
func TestAmongKeys(t *testing.T) {
	s, err := Parse([]byte(set(rfcRSA+`,"kid":"a"`, rfcRSA+`,"kid":"b"`, rfcEC+`,"kid":"a"`, rfcEd+`,"kid":"d"`, rfcEd+`,"kid":"d"`)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		alg, id string
		found   bool
	}{
		{"RS256", "a", true},
		{"RS256", "b", true},
		{"RS256", "", false},
		{"ES256", "a", true},
		{"ES256", "", true},
		{"EdDSA", "d", false},
	} {
		if got := s.Find(c.alg, c.id) != nil; got != c.found {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// origin serves one set after the other, and errors where there is none.
type origin struct {
	*httptest.Server
	texts chan string
	asked atomic.Int64
}

func serve(t *testing.T, texts ...string) *origin {
	o := &origin{texts: make(chan string, len(texts))}
	for _, text := range texts {
		o.texts <- text
	}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.asked.Add(1)
		select {
		case text := <-o.texts:
			if strings.HasPrefix(text, "http") {
				http.Redirect(w, r, text, http.StatusFound)
				return
			}
			fmt.Fprint(w, text)
		default:
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(o.Close)
	return o
}

// remote is a set of an origin, and what was told of it.
func remote(o *origin) (*Remote, *[]error) {
	var told []error
	var c Cache
	return c.Remote(o.URL, func(err error) { told = append(told, err) }), &told
}

// age lets time pass.
func (r *Remote) age(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at, r.tried = r.at.Add(-d), r.tried.Add(-d)
}

func TestWhenASetIsFetched(t *testing.T) {
	o := serve(t, set(rfcRSA+`,"kid":"1"`), set(rfcRSA+`,"kid":"2"`), set(rfcRSA+`,"kid":"3"`))
	r, _ := remote(o)
	want := func(when string, lacking *Set, id string, asked int64) *Set {
		t.Helper()
		s, err := r.Set(t.Context(), lacking)
		if err != nil || s.Find("RS256", id) == nil || o.asked.Load() != asked {
			t.Fatalf("%s: %v, %v, asked %d times", when, s, err, o.asked.Load())
		}
		return s
	}
	first := want("at first", nil, "1", 1)
	want("again", nil, "1", 1)
	want("for a key that is not in it, at once", first, "1", 1)
	r.age(retryTime + time.Second)
	want("later", nil, "1", 1)
	want("for a key that is not in it, later", first, "2", 2)
	want("for a key that was not in the one before", first, "2", 2)
	r.age(freshTime + time.Second)
	want("when it is old", nil, "3", 3)
	r.age(freshTime + time.Second)
	want("when it is old and cannot be fetched", nil, "3", 4)
	want("just after that", nil, "3", 4)
	r.age(staleTime)
	s, err := r.Set(t.Context(), nil)
	if s != nil || err == nil || !strings.Contains(err.Error(), "status 502") {
		t.Errorf("when it is too old: %v, %v", s, err)
	}
}

func TestAnswersThatAreNoSet(t *testing.T) {
	for text, want := range map[string]string{
		"<html>":                          "the answer is no JSON Web Key Set",
		set(`"kty":"oct","k":"c2VjcmV0"`): "the answer holds no key",
		strings.Repeat(" ", maxSize+1):    "larger than",
		"http://127.0.0.1:1/elsewhere":    "status 302",
	} {
		r, told := remote(serve(t, text))
		if s, err := r.Set(t.Context(), nil); s != nil || err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "c2Vj") {
			t.Errorf("%.20q: %v, %v", text, s, err)
		}
		if len(*told) != 1 || (*told)[0] == nil {
			t.Errorf("%.20q: told %v", text, *told)
		}
	}
}

func TestManyWhoNeedASet(t *testing.T) {
	o := serve(t, set(rfcRSA))
	r, _ := remote(o)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if s, err := r.Set(t.Context(), nil); err != nil || s == nil {
				t.Errorf("%v, %v", s, err)
			}
		})
	}
	all.Wait()
	if n := o.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// Who leaves does not wait for another's attempt; who has a set that will do does not
// either.
func TestWhoDoesNotWait(t *testing.T) {
	o := serve(t, set(rfcRSA))
	r, _ := remote(o)
	r.fetching <- struct{}{}
	left, leave := context.WithCancel(t.Context())
	leave()
	if s, err := r.Set(left, nil); s != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", s, err)
	}
	<-r.fetching
	have, err := r.Set(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.age(freshTime + time.Second)
	r.fetching <- struct{}{}
	if s, err := r.Set(t.Context(), nil); s != have || err != nil {
		t.Errorf("%v, %v", s, err)
	}
	<-r.fetching
}

func TestOneRemoteForAURL(t *testing.T) {
	var c Cache
	tell := func(error) {}
	first, again, other := c.Remote("https://a/", tell), c.Remote("https://a/", tell), c.Remote("https://b/", tell)
	if first != again || first == other {
		t.Error("not one for each URL")
	}
}

func TestURLs(t *testing.T) {
	for text, want := range map[string]string{
		"https://id.example.com/keys": "", "http://127.0.0.1:80/": "", "http://localhost/": "", "http://[::1]:80/": "",
		"http://id.example.com/": "is not https", "http://127.0.0.1.example.com/": "is not https", "file:///etc/keys": "is no URL", "https:///x": "is no URL",
		"https://u:p@x/": "holds a name", "://": "is no URL", "gopher://x/": "is not https",
	} {
		err := CheckURL(text)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
