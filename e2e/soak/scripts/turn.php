<?php
// What the operations of driver: fork do; the first argument or W says what. See lib.php.
require __DIR__ . '/lib.php';

function reply(string $body): void
{
    $ch = curl_init('http://internal/urhttp/' . getenv('REQUEST_ID'));
    curl_setopt_array($ch, [
        CURLOPT_UNIX_SOCKET_PATH => getenv('UROCKET_SOCKET'), CURLOPT_POSTFIELDS => $body, CURLOPT_RETURNTRANSFER => true,
        CURLOPT_HTTPHEADER => ['Content-Type: application/octet-stream', 'Expect:'],
    ]);
    curl_exec($ch);
    note(sprintf('told %03d', curl_getinfo($ch, CURLINFO_RESPONSE_CODE)));
}

// A child that stays; it keeps what is open.
function leave(bool $stubborn): void
{
    if (pcntl_fork() === 0) {
        posix_setsid();
        pcntl_signal(SIGTERM, $stubborn ? SIG_IGN : SIG_DFL);
        for (;;) {
            sleep(600);
        }
    }
}

function alone(string $lock): void
{
    $GLOBALS['lock'] = fopen($lock, 'c');
    chmod($lock, 0666);
    if (!flock($GLOBALS['lock'], LOCK_EX | LOCK_NB, $taken) && $taken) {
        note('not-alone');
    }
    leave(false);
    usleep(20_000);
}

function litter(): void
{
    chdir(getenv('TMPDIR'));
    mkdir('deep/locked', 0777, true);
    file_put_contents('deep/locked/file', getenv('T'));
    symlink('/', 'root');
    posix_mkfifo('fifo', 0600);
    chmod('deep/locked', 0500);
    exec(getenv('D') . '/bin/sleep 600 >/dev/null 2>&1 &');
}

$t = getenv('T');
$n = (int) getenv('N');
$me = getmypid();
switch (($argv[2] ?? '') ?: getenv('W')) {
    case 'plain': reply("plain-$t"); break;
    case 'hold': usleep(1000 * $n); reply("hold-$t"); break;
    case 'silent': exit($n);
    case 'twice': reply("one-$t"); reply("two-$t"); break;
    case 'daemon': leave(false); leave(true); exec(getenv('D') . '/bin/sleep 600 >/dev/null 2>&1 &'); reply("daemon-$t"); break;
    case 'flood': echo str_repeat("out $t\n", 50_000); fwrite(STDERR, str_repeat("err $t\n", 50_000)); reply("flood-$t"); break;
    case 'segv': posix_kill($me, SIGSEGV); sleep(600);
    case 'kill': leave(false); posix_kill($me, SIGKILL); sleep(600);
    case 'group': leave(false); posix_kill(0, SIGKILL); sleep(600);
    case 'fatal': nobody_has_defined_this();
    case 'echo': reply(stream_get_contents(STDIN)); break;
    case 'argument': reply($argv[3]); break;
    case 'litter': litter(); reply("litter-$t"); break;
    case 'alone': alone(getenv('D') . '/lock-' . getenv('LOCK')); reply("alone-$t"); break;
    case 'late':
        pcntl_async_signals(true);
        pcntl_signal(SIGTERM, function () use ($t) { reply("late-$t"); exit; });
        for (;;) {
            sleep(600);
        }
    case 'stubborn':
        pcntl_signal(SIGTERM, SIG_IGN);
        for (;;) {
            sleep(600);
        }
    case 'out-echo': fpassthru(STDIN); break;
    case 'out-many': echo substr(str_repeat("$t\n", intdiv($n, strlen($t)) + 1), 0, $n); break;
    case 'out-nothing': break;
    case 'out-fail-early': exit(3);
    case 'out-fail-late': echo $t; usleep(20_000); exit(3);
    case 'out-crash': echo $t; usleep(20_000); posix_kill($me, SIGKILL); sleep(600);
    case 'out-daemon': leave(true); echo $t; break;
    case 'report': echo "out-$t\n"; fwrite(STDERR, "err-$t\n"); exit($n);
    default: note('is not told what to do');
}
