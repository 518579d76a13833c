<?php
// A worker, by hand: w of a request's query says what it is to do, right or wrong.
if (getenv('BOOT') === 'exit') {
    exit(3);
}
$io = fopen('php://fd/3', 'r+b');
stream_set_timeout($io, -1);
$take = function (int $n) use ($io): ?string {
    for ($s = ''; strlen($s) < $n; $s .= $p) {
        $p = fread($io, $n - strlen($s));
        if ($p === '' || $p === false) {
            return null;
        }
    }
    return $s;
};
$put = function (string $bytes) use ($io): void {
    for ($o = 0; $o < strlen($bytes); $o += $w) {
        $w = @fwrite($io, substr($bytes, $o));
        if (!$w) {
            exit(1);
        }
    }
};
$frame = fn (array|string $head, string $body = ''): string =>
    pack('NN', strlen($head = is_string($head) ? $head : json_encode($head)), strlen($body)) . $head . $body;

$put($frame(['v' => 1, 'ready' => true]));
while (($l = $take(8)) !== null) {
    ['h' => $h, 'b' => $b] = unpack('Nh/Nb', $l);
    $head = json_decode($take($h) ?? exit(1), true);
    $id = $head['id'];
    parse_str($head['query'], $q);
    ['t' => $t, 'n' => $n, 'w' => $w] = $q + ['w' => 'echo'];
    file_put_contents(getenv('D') . '/notes', "$t start $id " . getmypid() . "\n", FILE_APPEND);
    if ($w === 'deaf') {
        sleep(600);
    }
    $body = $b ? $take($b) ?? exit(1) : '';
    $ok = fn (string $text, array $more = []) => $put($frame(['id' => $id, 'headers' => ['Content-Type' => 'text/plain']] + $more, $text));
    $whole = $frame(['id' => $id], "$w-$t");
    switch ($w) {
        case 'echo': $ok($body); break;
        case 'plain': $ok("$w-$t"); break;
        case 'hold': usleep(1000 * (int) $n); $ok("$w-$t"); break;
        case 'say': echo str_repeat("out of $t\n", 10_000); fwrite(STDERR, "err of $t\n"); $ok("$w-$t"); break;
        case 'error': $put($frame(['id' => $id, 'error' => "it went wrong with $t"])); break;
        case 'exit': exit((int) $n);
        case 'kill': posix_kill(getmypid(), SIGKILL); sleep(600);
        case 'answer-exit': $ok("$w-$t"); exit(0);
        case 'bye': $ok("$w-$t", ['bye' => true]); break;
        case 'wrong-id': $put($frame(['id' => 'another'], "$w-$t")); break;
        case 'bad-json': $put($frame('{"id":"' . $id . '","status":200', "$w-$t")); break;
        case 'huge': $put(pack('NN', 2, 0xffffffff) . '{}'); break;
        case 'large': $ok(substr(str_repeat("$t\n", intdiv((int) $n, strlen($t)) + 1), 0, (int) $n)); break;
        case 'half': $put(substr($whole, 0, -5)); sleep(600);
        case 'half-exit': $put(substr($whole, 0, -5)); exit(0);
        case 'hang': sleep(600);
        case 'twice': $put($whole . $whole); break;
        case 'late-twice': $put($whole); usleep(20_000); $put($whole); break;
        case 'close': fclose($io); sleep(600);
        case 'fork': exec(getenv('D') . '/bin/sleep 600 >/dev/null 2>&1 &'); $ok("$w-$t"); break;
        case 'stubborn': posix_kill(getmypid(), SIGSTOP); break;
        default: $put($frame(['id' => $id, 'status' => 404], 'unknown'));
    }
}
