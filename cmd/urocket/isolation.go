package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/config"
	"github.com/urocket/urocket/processctl/shim"
)

// keyOf names the configuration's key of a setting that was refused.
var keyOf = map[string]string{"uid": "user", "umask": "umask", "nofile": "nofile", "fsize": "fsize", "core": "core"}

// isolation is what an operation asks for by user, group, umask and rlimits, nil
// for nothing, and the variables of its user. A user that cannot be told is a
// fault.
func (l *loaded) isolation(op *config.Operation) (*shim.Settings, []string) {
	s := &shim.Settings{Rlimits: rlimits(op.Limits)}
	if op.Umask != nil {
		mask := int(op.Umask.Perm())
		s.Umask = &mask
	}
	var variables []string
	if op.User != "" || op.Group != "" {
		account, u, err := identity(op.User, op.Group)
		if err != nil {
			if at := l.service.FaultAt(op.Path, op.Method, "user", err.Error()); !l.toldOf(at) {
				l.faults = append(l.faults, at)
			}
			return nil, nil
		}
		s.User = u
		if op.User != "" {
			variables = account.environment()
		}
	}
	if s.Empty() {
		return nil, nil
	}
	if l.isolations == nil {
		l.isolations = map[*config.Operation]*shim.Settings{}
	}
	l.isolations[op] = s
	return s, variables
}

// checkIsolation tries what the operations ask for, and refuses what cannot be
// had here. A limit with mode besteffort is left out instead.
func (l *loaded) checkIsolation() (faults config.Faults) {
	for _, op := range l.service.Operations {
		s := l.isolations[op]
		if s == nil {
			continue
		}
		if f := l.tryIsolation(op, s); f != nil {
			faults = append(faults, *f)
		}
		l.warnSocket(op, s.User)
	}
	return faults
}

func (l *loaded) tryIsolation(op *config.Operation, s *shim.Settings) *config.Fault {
	for !s.Empty() {
		err := l.controller.Try(s)
		if err == nil {
			return nil
		}
		var refused *shim.RefusedError
		key := ""
		if errors.As(err, &refused) {
			key = keyOf[refused.Setting]
		}
		if key == "user" && op.User == "" {
			key = "group"
		}
		if op.Limits.Mode != config.LimitBestEffort || !s.Rlimits.Drop(key) {
			f := l.service.FaultAt(op.Path, op.Method, key, fmt.Sprintf("%s cannot be had here: %v", or(key, "its isolation"), err))
			return &f
		}
		l.warnings = append(l.warnings, l.service.FaultAt(op.Path, op.Method, key, fmt.Sprintf("limits: %s will not hold (mode: besteffort): %v", key, err)))
	}
	return nil
}

// warnSocket tells of a user who cannot reply: to connect to a socket one has to
// be allowed to write to it (unix(7)).
func (l *loaded) warnSocket(op *config.Operation, u *shim.User) {
	if u == nil || u.UID == 0 || op.Reply != config.ReplySocket || op.Driver == config.DriverWorker {
		return
	}
	mode, owner, group := l.service.SocketMode, os.Geteuid(), os.Getegid()
	if l.service.SocketGroup != nil {
		group = *l.service.SocketGroup
	}
	write := mode & 0o002
	switch {
	case u.UID == owner:
		write = mode & 0o200
	case u.GID == group || slices.Contains(u.Groups, group):
		write = mode & 0o020
	}
	if write != 0 {
		l.warnSocketFolder(op, u)
		return
	}
	l.warnings = append(l.warnings, l.service.FaultAt(op.Path, op.Method, "user", fmt.Sprintf(
		"user %s may not write to the socket (mode %04o, group %d), so it cannot reply there: give the socket its group with socketgroup",
		or(op.User, strconv.Itoa(u.UID)), mode.Perm(), group)))
}

// warnSocketFolder tells of a folder on the way to the socket that the user may not
// pass, as far as its mode says.
func (l *loaded) warnSocketFolder(op *config.Operation, u *shim.User) {
	for dir := filepath.Dir(l.service.SocketPath); ; dir = filepath.Dir(dir) {
		var st unix.Stat_t
		if err := unix.Stat(dir, &st); err == nil {
			pass := st.Mode & 0o001
			switch {
			case u.UID == int(st.Uid):
				pass = st.Mode & 0o100
			case u.GID == int(st.Gid) || slices.Contains(u.Groups, int(st.Gid)):
				pass = st.Mode & 0o010
			}
			if pass == 0 {
				l.warnings = append(l.warnings, l.service.FaultAt(op.Path, op.Method, "user", fmt.Sprintf(
					"user %s may not enter %s (mode %04o), so it cannot reach the socket there: chmod a+x it, or put the socket elsewhere",
					or(op.User, strconv.Itoa(u.UID)), dir, st.Mode&0o777)))
				return
			}
		}
		if dir == filepath.Dir(dir) {
			return
		}
	}
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// rlimits are those of setrlimit(2). Core dumps are off everywhere already.
func rlimits(l config.Limits) (r shim.Rlimits) {
	r.FSize = l.FSize
	if l.NoFile != nil {
		n := int64(*l.NoFile)
		r.NoFile = &n
	}
	if l.Core != 0 {
		r.Core = &l.Core
	}
	return r
}

// identity finds who a process is to run as. The user's groups are those of
// /etc/group; with a group alone, user and other groups stay as they are.
func identity(userName, groupName string) (account, *shim.User, error) {
	name := userName
	if name == "" {
		name = strconv.Itoa(os.Geteuid())
	}
	a, known := lookupAccount(name)
	u := &shim.User{UID: a.uid, GID: a.gid, KeepPrivs: userName == ""}
	switch {
	case groupName != "":
		gid, err := groupID(groupName)
		if err != nil {
			return a, nil, err
		}
		u.GID = gid
	case !known:
		return a, nil, fmt.Errorf("user: %s has no entry in /etc/passwd that would tell its group: write `group` too", userName)
	}
	self := u.UID == os.Geteuid() && u.GID == os.Getegid()
	if userName == "" || self && u.UID != 0 {
		u.KeepGroups = true // only root may set them
		return a, u, nil
	}
	u.Groups = []int{u.GID}
	if account, err := user.Lookup(a.name); known && err == nil {
		u.Groups = groupsOf(account, u.GID)
	}
	return a, u, nil
}

// groupsOf lists all groups of an account, its own first.
func groupsOf(account *user.User, own int) []int {
	groups := []int{own}
	ids, err := account.GroupIds()
	if err != nil {
		return groups
	}
	for _, id := range ids {
		if n, err := strconv.Atoi(id); err == nil && n != own {
			groups = append(groups, n)
		}
	}
	return groups
}

// groupID is the number of a group, which may be given as one.
func groupID(name string) (int, error) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return int(n), nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, fmt.Errorf("group: %w", err)
	}
	return strconv.Atoi(g.Gid)
}
