package config

import (
	"fmt"
	"reflect"
	"strconv"
)

// NeedsRestart compares the service with one that runs, and tells what differs
// and cannot be changed while it does: the name, the listeners, the socket and
// the cgroup, which are all made at the start. Each is a fault at its line.
func (s *Service) NeedsRestart(running *Service) Faults {
	var faults Faults
	for _, v := range []struct{ key, old, new string }{
		{"servicename", running.Name, s.Name},
		{s.listenKey(), running.Listen, s.Listen},
		{"admin", orNone(running.Admin), orNone(s.Admin)},
		{"socketpath", running.SocketPath, s.SocketPath},
		{"socketmode", fmt.Sprintf("%04o", running.SocketMode), fmt.Sprintf("%04o", s.SocketMode)},
		{"socketgroup", groupName(running.SocketGroup), groupName(s.SocketGroup)},
		{"cgroup", running.cgroupWords(), s.cgroupWords()},
		{"tls", running.wordsOfTLS(), s.wordsOfTLS()},
	} {
		if v.old != v.new {
			faults = append(faults, s.FaultAt("", "", v.key, fmt.Sprintf("%s was %s and is %s now, which needs a restart", v.key, v.old, v.new)))
		}
	}
	return faults
}

// listenKey is the key that says where the service listens.
func (s *Service) listenKey() string {
	if _, ok := s.lines.top["port"]; ok {
		return "port"
	}
	return "listen"
}

func (s *Service) cgroupWords() string {
	if s.CgroupParent == "" {
		return string(s.Cgroup)
	}
	return string(s.Cgroup) + " below " + s.CgroupParent
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func groupName(gid *int) string {
	if gid == nil {
		return "none"
	}
	return strconv.Itoa(*gid)
}

// Changes is how a service differs from an earlier one, for a line of the log.
type Changes struct {
	Added, Removed, Changed int      // operations
	Keys                    []string // of the service
}

// Since tells what has changed since old. Operations are compared as they are
// understood: one that is spelled differently and means the same has not changed.
func (s *Service) Since(old *Service) Changes {
	var c Changes
	before := map[string]*Operation{}
	for _, o := range old.Operations {
		before[o.Method+" "+o.Path] = o
	}
	for _, o := range s.Operations {
		was := before[o.Method+" "+o.Path]
		switch {
		case was == nil:
			c.Added++
			continue
		case !o.equal(was):
			c.Changed++
		}
		delete(before, o.Method+" "+o.Path)
	}
	c.Removed = len(before)
	for _, v := range []struct {
		key      string
		old, new any
	}{
		{"openapi", old.OpenAPI, s.OpenAPI},
		{"basepath", old.BasePath, s.BasePath},
		{"security", old.securityWords(), s.securityWords()},
		{"tls", old.TLS, s.TLS},
		{"maxbody", old.MaxBody, s.MaxBody},
		{"running", old.Running, s.Running},
		{"queued", old.Queued, s.Queued},
		{"queuewait", old.QueueWait, s.QueueWait},
		{"drain", old.Drain, s.Drain},
	} {
		if !reflect.DeepEqual(v.old, v.new) {
			c.Keys = append(c.Keys, v.key)
		}
	}
	return c
}

// equal compares what the file says; the compiled command follows from it.
func (o *Operation) equal(other *Operation) bool {
	a, b := *o, *other
	a.Command, b.Command = nil, nil
	return reflect.DeepEqual(a, b)
}

// securityWords is what stands under security, to be compared.
func (s *Service) securityWords() any {
	if s.Security != SecurityNone {
		return s.Security
	}
	return s.Schemes
}
