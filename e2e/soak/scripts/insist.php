<?php
// Does everything wrong on the socket that leaves its request open, and answers in the end.
require __DIR__ . '/lib.php';

function say(string $text, bool $listen = true): void
{
    $s = @stream_socket_client('unix://' . getenv('UROCKET_SOCKET'), $code, $why, 10);
    if ($s === false) {
        return;
    }
    @fwrite($s, $text);
    if ($listen) {
        note('told ' . (substr((string) fgets($s), 9, 3) ?: '000'));
    }
    fclose($s);
}

function post(string $body, string $headers = '', ?int $length = null): string
{
    return 'POST /urhttp/' . getenv('REQUEST_ID') . " HTTP/1.1\r\nHost: internal\r\nConnection: close\r\n" .
        "Content-Type: text/plain\r\n{$headers}Content-Length: " . ($length ?? strlen($body)) . "\r\n\r\n$body";
}

$t = getenv('T');
say("\x00\xffgarbage\r\n\r\n", false);
say(post('a status that is none', "Urocket-Status: 99\r\n"));
say(post('a header that cannot be set', "Urocket-Header: Connection: close\r\n"));
say(post('half of it', '', 1000), false);
say(str_replace(' HTTP/1.1', '', post('no version')), false);
say(post("insist-$t", "Urocket-Status: 202\r\nUrocket-Header: X-Token: $t\r\n"));
