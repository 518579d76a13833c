# What the scripts of the soak share. T is the token of the request, N a number that the caller has chosen, D the
# directory of the run.
# Each note is one short line, appended in one write.

note() { printf '%s %s\n' "$T" "$*" >>"$D/notes"; }

# reply ARGUMENT...: posts to the socket with curl and notes what it was told; 000: nothing.
reply() {
    curl -sS --max-time 100 -o /dev/null -w "$T told %{http_code}\n" --unix-socket "$UROCKET_SOCKET" \
        -H "Content-Type: ${TYPE:-application/octet-stream}" "$@" "http://internal/urhttp/$REQUEST_ID" >>"$D/notes" 2>/dev/null
}

note start "$REQUEST_ID"
