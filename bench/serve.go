package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"os"
	"runtime"

	"github.com/urocket/urocket/bench/gofront"
)

// serve is a server of ours that rows are held against: `bench serve hello ADDR`,
// net/http that starts nothing; `bench serve cgi ADDR PROGRAM`, the standard
// library's net/http/cgi; `bench serve front ADDR SOCKET CHILD [GROUPS]`, the ceiling in Go.
func serve(args []string) error {
	switch {
	case args[0] == "hello" && len(args) == 2:
		return http.ListenAndServe(args[1], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"ok":true,"n":1234}`)
		}))
	case args[0] == "cgi" && len(args) == 3:
		return http.ListenAndServe(args[1], &cgi.Handler{Path: args[2]})
	case args[0] == "front" && (len(args) == 4 || len(args) == 5):
		o := gofront.Options{Addr: args[1], Socket: args[2], Child: args[3], Abreast: childrenEach * runtime.NumCPU()}
		if len(args) == 5 {
			o.Groups = args[4]
		}
		return gofront.Serve(o, os.Stdout)
	}
	return fmt.Errorf("serve what? %q", args)
}
