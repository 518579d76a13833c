package command

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// variable is one entry of Input.Env; value is the whole of it, NAME= included.
type variable struct {
	name  string
	value word
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// readVariable checks one entry, as far as it can be judged alone.
func readVariable(value word) (variable, error) {
	text, _ := value.prefix()
	name, _, found := strings.Cut(text, "=")
	switch {
	case !found && value.holds():
		return variable{}, fmt.Errorf("%s stands in the name of a variable: write NAME=value, with placeholders in the value only", value.holes()[0])
	case !found:
		return variable{}, fmt.Errorf("%q is no NAME=value", text)
	case !variableName.MatchString(name):
		return variable{}, fmt.Errorf("%q is no name of a variable: letters, digits and _, no digit first", name)
	case name == "REQUEST_ID" || strings.HasPrefix(name, "UROCKET_"):
		return variable{}, fmt.Errorf("%s is set by urocket and cannot be set here: choose another name", name)
	case hasNUL(value):
		return variable{}, fmt.Errorf("the value of %s %s", name, noNUL)
	case value.holds() && takesCode(name):
		return variable{}, fmt.Errorf("%s in %s: programs take code, or the way to it, from that variable; choose another name", value.holes()[0], name)
	}
	return variable{name, value}, nil
}

// takesCode says whether a variable tells the dynamic loader, a shell, an
// interpreter or a widespread program what code to run or where to find it.
// The caller of an operation must not set such a variable. The list follows
// ld.so(8), bash(1), zshparam(1), ksh(1), git(1) and the interpreters' manuals;
// sudo's env_delete and env_check (sudoers(5)) were its first draft.
func takesCode(name string) bool {
	return slices.Contains(codeVariables, name) || slices.ContainsFunc(codePrefixes, func(prefix string) bool {
		return strings.HasPrefix(name, prefix)
	})
}

var codePrefixes = []string{
	"LD_", "DYLD_", "BASH_", "PYTHON", "PERL", "RUBY", "LUA_", "GEM_", "BUNDLE_", "GIT_CONFIG", "GUILE_",
	"NPM_CONFIG_", "npm_config_", "R_PROFILE", "R_ENVIRON", "COR_PROFILER", "CORECLR_PROFILER",
}

var codeVariables = strings.Fields(`
	PATH HOME ZDOTDIR XDG_CONFIG_HOME XDG_CONFIG_DIRS XDG_DATA_DIRS
	GLIBC_TUNABLES GCONV_PATH GETCONF_DIR LOCPATH NLSPATH LOCALDOMAIN HOSTALIASES RESOLV_HOST_CONF
	ENV IFS PS0 PS1 PS2 PS3 PS4 PROMPT2 PROMPT3 PROMPT4 PROMPT_COMMAND SHELLOPTS BASHOPTS SHELL FPATH CDPATH
	MODULE_PATH NULLCMD READNULLCMD FCEDIT HISTCHARS HISTFILE INPUTRC POSIXLY_CORRECT GLOBIGNORE EXECIGNORE
	PHPRC PHP_INI_SCAN_DIR NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE
	CLASSPATH JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS JAVA_HOME DOTNET_STARTUP_HOOKS
	AWKPATH AWKLIBPATH TCLLIBPATH TCL_LIBRARY ERL_FLAGS ERL_AFLAGS ERL_ZFLAGS ERL_LIBS
	GIT_SSH GIT_SSH_COMMAND GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_PAGER GIT_ASKPASS GIT_EXTERNAL_DIFF
	GIT_PROXY_COMMAND GIT_EXEC_PATH GIT_TEMPLATE_DIR GIT_DIR GIT_COMMON_DIR GIT_WORK_TREE
	MAKEFLAGS GNUMAKEFLAGS MFLAGS MAKEFILES TAR_OPTIONS RSYNC_RSH CVS_RSH SSH_ASKPASS SUDO_ASKPASS
	EDITOR VISUAL SUDO_EDITOR PAGER MANPAGER BROWSER LESSOPEN LESSCLOSE LESSKEY
	OPENSSL_CONF OPENSSL_ENGINES OPENSSL_MODULES CURL_HOME WGETRC PSQLRC PSQL_PAGER PSQL_EDITOR MYSQL_HOME
	GTK_MODULES GTK_PATH GIO_EXTRA_MODULES QT_PLUGIN_PATH TERMCAP TERMINFO
`)
