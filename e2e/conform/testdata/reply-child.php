<?php
// The reply comes from elsewhere in the call's group: a child of a child.
system('(curl -sS --unix-socket "$UROCKET_SOCKET" -H "Content-Type: text/plain" -d "from a child" "http://internal/urhttp/$REQUEST_ID")', $code);
echo " $code\n";
if (pcntl_fork() === 0) {
    exit(7);
}
pcntl_wait($status);
echo pcntl_wexitstatus($status), "\n";
