package guard

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

func TestKeysOfEverySource(t *testing.T) {
	t.Setenv("SOME_KEYS", entry("env-1", "KEY3", "read")+","+entry("env-2", "KEY4")+"\n"+entry("env-3", "KEY5"))
	g := newGuard(t, Setting{"key", Keys{
		List: []string{entry("listed", "KEY1"), entry("li@sted!", "KEY2")},
		Env:  "SOME_KEYS",
		File: file(t, "# callers\n\n"+entry("filed", "KEY6")+"\r\n  "+entry("filed", "KEY7", "a", "read")+"  \n"),
	}})
	anybody, reader := newRule(t, g, "key"), newRule(t, g, "key read")
	for key, user := range map[string]string{
		"KEY1": "listed", "KEY2": "li@sted!", "KEY3": "env-1", "KEY4": "env-2", "KEY5": "env-3", "KEY6": "filed", "KEY7": "filed",
	} {
		wantUser(t, anybody, sent("/", "X-Key: "+key), user)
		if key == "KEY3" || key == "KEY7" {
			wantUser(t, reader, sent("/", "X-Key: "+key), user)
		} else {
			wantRefusal(t, reader, sent("/", "X-Key: "+key), http.StatusForbidden, "the scope read is missing")
		}
	}
}

func TestWhatAKeyMustBe(t *testing.T) {
	hex64 := strings.SplitN(entry("a", "k"), ":", 3)[2]
	for _, text := range []string{
		"", "plain-secret-key", "a:" + hex64, "sha256:" + hex64, ":sha256:" + hex64, "a:md5:" + hex64, "a:sha256:" + hex64[1:], "a:sha256:" + hex64 + "0",
		"a:sha256:" + hex64[:63] + "g", "a b:sha256:" + hex64, "a:b:sha256:" + hex64, "ä:sha256:" + hex64, strings.Repeat("a", 257) + ":sha256:" + hex64,
		entry("a", ""), entry("a", "\n"),
	} {
		_, err := parseKey(text)
		if err == nil {
			t.Errorf("%q is taken", text)
		} else if strings.Contains(err.Error(), "plain-secret") || strings.Contains(err.Error(), hex64[:10]) {
			t.Errorf("%q shows it", err)
		}
	}
	k, err := parseKey("alice:sha256:" + strings.ToUpper(hex64) + "\tread  write ")
	if err != nil || k.name != "alice" || strings.Join(k.scopes, ",") != "read,write" {
		t.Errorf("got %+v, %v", k, err)
	}
}

func TestFaultsOfKeys(t *testing.T) {
	t.Setenv("BAD_KEYS", "secret-itself")
	t.Setenv("NO_KEYS", "")
	got := faultsOf(t, nil,
		Setting{"key", Keys{List: []string{entry("a", "k"), "secret-itself"}, Env: "BAD_KEYS", File: file(t, "\n"+entry("a", "k")+"\nsecret-itself\n")}},
		Setting{"query", Keys{Env: "NOT_SET_AT_ALL", File: "/no/such/file"}})
	wantFaults(t, got, "key/keys[1]: is not of the form NAME:sha256:HEX", "key/keysenv: BAD_KEYS: line 1 is not", "file: line 3 is not",
		"query/keysenv: the environment has no variable NOT_SET_AT_ALL", "query/keysfile: /no/such/file: no such file")
	if all := strings.Join(got, "\n"); strings.Contains(all, "secret-itself") {
		t.Errorf("a secret is shown: %s", all)
	}
	g, faults, warnings := New(options(Setting{"key", Keys{Env: "NO_KEYS"}}))
	if g == nil || len(faults) > 0 || len(warnings) != 1 || !strings.Contains(warnings[0].Message, "nobody is let in by key") {
		t.Errorf("without a key: %v, %v", faults, warnings)
	}
}

// What is sent is compared whole, once, and where the document says.
func TestWhereAKeyIs(t *testing.T) {
	g := newGuard(t, set("key"), set("query"), set("cookie"), set("bearer"))
	for _, c := range []struct {
		scheme  string
		request []string
		want    string // the user, or a word of the refusal
	}{
		{"key", []string{"/", "x-KEY: KEY-key"}, "user-key"},
		{"key", []string{"/", "X_Key: KEY-key"}, "no header X-Key"},
		{"key", []string{"/", "X-Key: "}, "no header X-Key"},
		{"key", []string{"/", "X-Key: key-key"}, "not one that is known"},
		{"key", []string{"/", "X-Key: KEY-ke"}, "not one that is known"},
		{"key", []string{"/", "X-Key: KEY-keyy"}, "not one that is known"},
		{"key", []string{"/", "X-Key: " + entry("user-key", "KEY-key")}, "not one that is known"}, // the digest is no key
		{"key", []string{"/", "X-Key: KEY-key", "X-Key: KEY-key"}, "more than once"},
		{"key", []string{"/", "X-Key: wrong", "X-Key: KEY-key"}, "more than once"},
		{"key", []string{"/", "X-Key: KEY-key, KEY-key"}, "not one that is known"},
		{"key", []string{"/", "X-Key: " + strings.Repeat("k", maxCredential+1)}, "too long"},
		{"query", []string{"/?api_key=KEY-query&x=1"}, "user-query"},
		{"query", []string{"/?API_KEY=KEY-query"}, "no query parameter api_key"},
		{"query", []string{"/?api%5Fkey=KEY%2Dquery"}, "user-query"},
		{"query", []string{"/?api_key=KEY-query&api_key=KEY-query"}, "more than once"},
		{"query", []string{"/?api_key="}, "no query parameter"},
		{"query", []string{"/", "api_key: KEY-query"}, "no query parameter"},
		{"cookie", []string{"/", "Cookie: a=b; session=KEY-cookie"}, "user-cookie"},
		{"cookie", []string{"/", "Cookie: session=KEY-cookie; session=x"}, "more than once"},
		{"cookie", []string{"/", "Cookie: session=KEY-cookie", "Cookie: session=x"}, "more than once"},
		{"cookie", []string{"/", "Cookie: Session=KEY-cookie"}, "no cookie session"},
		{"bearer", []string{"/", "Authorization: Bearer KEY-bearer"}, "user-bearer"},
		{"bearer", []string{"/", "authorization: bEARER   KEY-bearer"}, "user-bearer"},
		{"bearer", []string{"/", "Authorization: KEY-bearer"}, "no header Authorization: Bearer"},
		{"bearer", []string{"/", "Authorization: Basic KEY-bearer"}, "no header Authorization: Bearer"},
		{"bearer", []string{"/", "Authorization: Bearer"}, "no header Authorization: Bearer"},
		{"bearer", []string{"/", "Authorization: Bearer KEY-bearer, Bearer x"}, "malformed"},
		{"bearer", []string{"/", "Authorization: Bearer KEY-bearer", "Authorization: Bearer KEY-bearer"}, "more than once"},
		{"bearer", []string{"/?access_token=KEY-bearer"}, "no header Authorization: Bearer"}, // it would be in logs
	} {
		t.Run(c.scheme+" "+strings.Join(c.request, " ")[:min(60, len(strings.Join(c.request, " ")))], func(t *testing.T) {
			r := newRule(t, g, c.scheme)
			if strings.HasPrefix(c.want, "user-") {
				wantUser(t, r, sent(c.request[0], c.request[1:]...), c.want)
				return
			}
			wantRefusal(t, r, sent(c.request[0], c.request[1:]...), http.StatusUnauthorized, c.want)
		})
	}
}

func TestNothingThatWasSentIsTold(t *testing.T) {
	g := newGuard(t, set("key"), set("bearer"), set("query"))
	_, refusal := newRule(t, g, "key", "bearer", "query").Check(sent("/?api_key=SENT", "X-Key: SENT", "Authorization: Bearer SENT"))
	if refusal == nil || strings.Contains(refusal.Detail+strings.Join(refusal.Challenges, ""), "SENT") {
		t.Errorf("told: %+v", refusal)
	}
}

// A key that is taken out of the file is refused, one that is added is taken; a file with a
// fault changes nothing.
func TestAFileOfKeysIsFollowed(t *testing.T) {
	name := file(t, entry("old", "OLD")+"\n")
	g := newGuard(t, Setting{"key", Keys{File: name}})
	r := newRule(t, g, "key")
	wantUser(t, r, sent("/", "X-Key: OLD"), "old")
	if err := os.WriteFile(name, []byte(entry("new", "NEW")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if v, _ := r.Check(sent("/", "X-Key: NEW")); v != nil && v.User == "new" {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the new key is not taken")
		}
	}
	wantRefusal(t, r, sent("/", "X-Key: OLD"), http.StatusUnauthorized)
}
