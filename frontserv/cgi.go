package frontserv

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/urocket/urocket/visor"
)

// cgiVariables are the meta-variables of RFC 3875 section 4.1 and the request's
// headers. REQUEST_METHOD, QUERY_STRING and CONTENT_TYPE every process is given.
func (x *exchange) cgiVariables() []string {
	r := x.r
	address, remotePort, _ := net.SplitHostPort(r.RemoteAddr)
	local := ""
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		local = addr.String()
	}
	vars := []string{
		"GATEWAY_INTERFACE=CGI/1.1", "SERVER_PROTOCOL=" + r.Proto, "SERVER_SOFTWARE=urocket",
		"SERVER_NAME=" + serverName(r.Host, local), "SERVER_PORT=" + port(local),
		"REMOTE_ADDR=" + address, "REMOTE_HOST=" + address, "REMOTE_PORT=" + remotePort,
		"REQUEST_URI=" + x.openURI(), "SCRIPT_NAME=" + x.script, "PATH_INFO=",
		"REDIRECT_STATUS=200", // php-cgi refuses to run without it
	}
	if x.body != nil {
		vars = append(vars, "CONTENT_LENGTH="+strconv.FormatInt(x.body.Size(), 10))
	}
	if x.route.Script != "" {
		vars = append(vars, "SCRIPT_FILENAME="+x.route.Script)
	}
	if x.visitor != nil && x.visitor.Kind != "" {
		vars = append(vars, "AUTH_TYPE="+x.visitor.Kind)
		if x.visitor.User != "" {
			vars = append(vars, "REMOTE_USER="+x.visitor.User)
		}
	}
	return append(vars, x.headerVariables()...)
}

// serverName is the host that the caller named, or the address that it came to where
// it named none. An IPv6 address stands in brackets (RFC 3875 section 4.1.14).
func serverName(named, local string) string {
	if named == "" {
		named = local
	}
	host, _, err := net.SplitHostPort(named)
	if err != nil {
		return named // without a port
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// headerVariables are the HTTP_ variables of RFC 3875 section 4.1.18. A header
// called Proxy would become HTTP_PROXY, which clients take for configuration
// (CVE-2016-5385); credentials are not for scripts; a name with an underscore
// could pass for one with a hyphen; and one with other characters makes no
// variable's name.
func (x *exchange) headerVariables() []string {
	vars := []string{"HTTP_HOST=" + x.r.Host}
	for name, values := range x.r.Header {
		switch name {
		case "Proxy", "Authorization", "Proxy-Authorization", "Content-Type", "Content-Length", "Host":
			continue
		}
		if strings.Trim(name, nameCharacters) != "" || x.hides("header", name) {
			continue
		}
		sep := ", "
		if name == "Cookie" {
			if values = x.openCookies(values); len(values) == 0 {
				continue
			}
			sep = "; "
		}
		variable := strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		vars = append(vars, "HTTP_"+variable+"="+strings.Join(values, sep))
	}
	return vars
}

// nameCharacters are those of header names that can stand in a variable's name.
const nameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"

// readCGIHead reads the headers of a CGI answer (RFC 3875 section 6) up to the
// blank line. The error says what is wrong without showing what was written.
func readCGIHead(out *output) (*visor.Reply, error) {
	for {
		if head, rest, ok := cutHead(out.ahead); ok {
			out.ahead = rest
			return parseCGIHead(head)
		}
		if len(out.ahead) > maxCGIHead {
			return nil, errors.New("they are longer than 64 KiB")
		}
		switch err := out.more(); {
		case errors.Is(err, io.EOF):
			if _, _, ok := cutHead(out.ahead); !ok {
				return nil, errors.New("there is no blank line behind them")
			}
		case err != nil:
			return nil, err
		}
	}
}

// cutHead splits at the first blank line; lines end with LF or CR LF.
func cutHead(data []byte) (head, rest []byte, ok bool) {
	for at := 0; ; {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			return nil, nil, false
		}
		if line := data[at : at+i]; len(bytes.TrimSuffix(line, []byte("\r"))) == 0 {
			return data[:at], data[at+i+1:], true
		}
		at += i + 1
	}
}

// notFromCGI are headers about the connection, which is ours, or of our own.
// Content-Length is left out because the body is sent as it comes.
var notFromCGI = map[string]bool{
	"Connection": true, "Content-Length": true, "Transfer-Encoding": true, "Trailer": true, "Upgrade": true,
	"Te": true, "Keep-Alive": true, "Date": true, "Server-Timing": true,
}

func parseCGIHead(head []byte) (*visor.Reply, error) {
	reply := &visor.Reply{}
	location := false
	for line := range bytes.Lines(head) {
		name, value, ok := strings.Cut(strings.TrimRight(string(line), "\r\n"), ":")
		value = strings.Trim(value, " \t")
		if !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, errors.New("a line is no header")
		}
		switch name = textproto.CanonicalMIMEHeaderKey(name); {
		case name == "Status":
			status, ok := parseStatus(value)
			if !ok || reply.Status != 0 {
				return nil, errors.New("the status is not one number from 200 to 599")
			}
			reply.Status = status
		case name == "Content-Type":
			reply.ContentType = value
		case notFromCGI[name], strings.HasPrefix(name, "Proxy-"), strings.HasPrefix(name, "Urocket-"):
		default:
			location = location || name == "Location"
			reply.Header = append(reply.Header, visor.Field{Name: name, Value: value})
		}
	}
	if reply.Status == 0 && reply.ContentType == "" && !location {
		return nil, errors.New("none of Content-Type, Location and Status is there")
	}
	if reply.Status == 0 {
		reply.Status = http.StatusOK
		if location {
			reply.Status = http.StatusFound
		}
	}
	return reply, nil
}

// parseStatus reads "404 Not Found" or "404".
func parseStatus(value string) (int, bool) {
	code, _, _ := strings.Cut(value, " ")
	if len(code) != 3 {
		return 0, false
	}
	n, err := strconv.Atoi(code)
	return n, err == nil && n >= 200 && n <= 599
}
