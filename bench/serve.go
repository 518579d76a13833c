package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
)

// serve is a server of ours that rows are held against: `bench serve hello ADDR`,
// net/http that starts nothing; `bench serve cgi ADDR PROGRAM`, the standard
// library's net/http/cgi.
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
	}
	return fmt.Errorf("serve what? %q", args)
}
