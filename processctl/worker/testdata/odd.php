<?php
/* A worker that does what it is asked in the path, right or wrong. Frames by hand. */
$boot = getenv('BOOT') ?: '';
$file = getenv('BOOT_FILE');
if ($file !== false && is_file($file)) {
    $boot = trim(file_get_contents($file));
}
if ($note = getenv('BOOT_LOG')) {
    file_put_contents($note, getmypid() . ' ' . microtime(true) . "\n", FILE_APPEND);
}
match (strtok($boot, ':')) {
    'exit' => (function () { fwrite(STDERR, "cannot boot\n"); exit(3); })(),
    'hang' => sleep(3600),
    'slow' => usleep(1000 * (int) strtok(':')),
    default => null,
};
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
        $w = fwrite($io, substr($bytes, $o));
        if (!$w) {
            exit(1);
        }
    }
};
$frame = fn (array|string $head, string $body = ''): string =>
    pack('NN', strlen($head = is_string($head) ? $head : json_encode($head)), strlen($body)) . $head . $body;

$put(match ($boot) {
    'version' => $frame(['v' => 2, 'ready' => true]),
    'notready' => $frame(['v' => 1]),
    'garbage' => "HTTP/1.1 200 OK\r\n\r\n",
    'body' => $frame(['v' => 1, 'ready' => true], 'x'),
    'eager' => $frame(['v' => 1, 'ready' => true]) . $frame(['id' => 'nobody']),
    default => $frame(['v' => 1, 'ready' => true, 'pid' => getmypid()]),
});
if ($boot === 'die') {
    exit(4);
}
if ($boot === 'chatter') {
    usleep(100000);
    $put($frame(['id' => 'nobody', 'status' => 200], 'unasked'));
}
$served = 0;
while (($l = $take(8)) !== null) {
    ['h' => $h, 'b' => $b] = unpack('Nh/Nb', $l);
    $head = json_decode($take($h), true);
    if (str_starts_with($head['path'], '/deaf')) {
        sleep(3600);
    }
    $body = $b ? $take($b) : '';
    $served++;
    $id = $head['id'];
    parse_str($head['query'], $q);
    $ok = fn (string $text, array $more = []) => $put($frame(['id' => $id, 'status' => 200, 'headers' => ['Content-Type' => 'text/plain']] + $more, $text));
    switch (basename($head['path'])) {
        case 'pid': $ok(getmypid() . ' ' . $served); break;
        case 'head': $put($frame(['id' => $id], json_encode($head + ['body_md5' => md5($body)]))); break;
        case 'body': $ok($body); break;
        case 'sleep': usleep(1000 * (int) $q['ms']); $ok('slept ' . $id); break;
        case 'mine': $ok($q['x']); break;
        case 'say': echo "out of $id\n"; fwrite(STDERR, "err of $id\n"); $ok('said'); break;
        case 'error': $put($frame(['id' => $id, 'error' => "it went wrong: secret-of-the-handler\nat line 7"])); break;
        case 'exit': fwrite(STDERR, "last words\n"); exit((int) ($q['code'] ?? 0));
        case 'kill': exec('kill -9 ' . getmypid()); sleep(10); break;
        case 'answer-exit': $ok('bye'); exit(0);
        case 'bye': $ok(getmypid() . ' ' . $served, ['bye' => true]); break;
        case 'status': $put($frame(['id' => $id, 'status' => json_decode($q['s'])], 'x')); break;
        case 'headers': $put($frame(['id' => $id, 'headers' => json_decode($q['h'], true)], 'x')); break;
        case 'wrong-id': $put($frame(['id' => 'another', 'status' => 200], 'for another')); break;
        case 'no-id': $put($frame(['status' => 200], 'x')); break;
        case 'bad-json': $put($frame('{"id":"' . $id . '","status":200', 'x')); break;
        case 'no-object': $put($frame('[]')); break;
        case 'huge-header': $put(pack('NN', 1 << 30, 0) . str_repeat('x', 4096)); break;
        case 'huge-body': $put(pack('NN', 2, 0xffffffff) . '{}'); break;
        case 'large': $ok(str_repeat($q['c'] ?? 'x', (int) $q['n'])); break;
        case 'half': $f = $frame(['id' => $id, 'status' => 200], str_repeat('y', 1000)); $put(substr($f, 0, (int) ($q['n'] ?? 600))); sleep(3600); break;
        case 'half-exit': $f = $frame(['id' => $id, 'status' => 200], str_repeat('y', 1000)); $put(substr($f, 0, (int) ($q['n'] ?? 600))); exit(0);
        case 'twice': $f = $frame(['id' => $id, 'status' => 200], 'once'); $put($f . $f); break;
        case 'late-twice': $ok('once'); usleep(20000); $put($frame(['id' => $id, 'status' => 200], 'twice')); break;
        case 'close': fclose($io); sleep(3600); break;
        case 'fork': exec('sleep 3600 >/dev/null 2>&1 & echo $!', $out); $ok($out[0]); break;
        case 'fork-exit': exec('sleep 3600 >/dev/null 2>&1 &'); exit(5);
        case 'grow': $kept[] = str_repeat('m', (int) $q['n']); $ok(getmypid() . ''); break;
        case 'stubborn': exec('kill -STOP ' . getmypid()); break;
        default: $put($frame(['id' => $id, 'status' => 404], 'unknown'));
    }
}
if (getenv('SLOW_END')) {
    sleep(3600);
}
if ($note) {
    file_put_contents($note, 'end ' . getmypid() . "\n", FILE_APPEND);
}
