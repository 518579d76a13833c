<?php
error_reporting(E_ALL & ~E_WARNING);
ini_set('memory_limit', '-1');
$_SERVER['ABOUT'] = getenv('ABOUT');
define('HERE', dirname($argv[0]));

// tell lets a file appear with its content.
function tell(string $name, string|int $text = ''): void
{
    $new = HERE . "/.$name." . getmypid();
    file_put_contents($new, (string)$text);
    rename($new, HERE . "/$name");
}

// await waits for somebody to tell.
function await(string ...$names): void
{
    foreach ($names as $name) {
        while (!file_exists(HERE . "/$name")) {
            usleep(20000);
            clearstatcache();
        }
    }
}

// deaf ignores what can be ignored.
function deaf(): void
{
    foreach ([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE] as $signal) {
        pcntl_signal($signal, SIG_IGN);
    }
}

// stay is a process that runs on, and tells who it is.
function stay(string $name = 'pid'): never
{
    deaf();
    tell($name, basename(readlink('/proc/self'))); // as who mounted /proc sees it
    $end = time() + 900;
    while (time() < $end) {
        sleep(60);
    }
    exit;
}

// child runs in a process of its own.
function child(callable $what): int
{
    $pid = pcntl_fork();
    if ($pid === 0) {
        $what();
        exit;
    }
    return $pid;
}

// libc calls what PHP has no function for.
function libc(): FFI
{
    static $libc;
    return $libc ??= FFI::cdef('
        long syscall(long number, ...);
        void *dlsym(void *library, const char *name);
        int pthread_create(unsigned long *thread, void *attributes, void *start, void *argument);
    ');
}

// Numbers of system calls on amd64, and words of theirs.
const SYS_CLONE = 56, SYS_EXIT = 60, SYS_PTRACE = 101, SYS_PRCTL = 157, SYS_UNSHARE = 272, PTRACE_SEIZE = 0x4206;
const CLONE_VFORK = 0x4000, CLONE_PARENT = 0x8000, NEW_MOUNTS = 0x20000, NEW_USERS = 0x10000000, NEW_PIDS = 0x20000000;

// post replies on the socket; the result is what urocket says.
function post(string $body, array $headers = [], ?string $id = null): int
{
    $curl = curl_init('http://internal/urhttp/' . ($id ?? getenv('REQUEST_ID')));
    curl_setopt_array($curl, [
        CURLOPT_UNIX_SOCKET_PATH => getenv('UROCKET_SOCKET'), CURLOPT_RETURNTRANSFER => true,
        CURLOPT_POSTFIELDS => $body, CURLOPT_HTTPHEADER => ['Content-Type: text/plain', 'Expect:', ...$headers],
    ]);
    curl_exec($curl);
    return curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
}

// dial opens a connection to the socket.
function dial()
{
    return stream_socket_client('unix://' . getenv('UROCKET_SOCKET'));
}

// hierarchy is where cgroup v2 is mounted, and group the directory of our own.
function hierarchy(): string
{
    preg_match('~^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 ~m', file_get_contents('/proc/self/mountinfo'), $found);
    return $found[1];
}

function group(): string
{
    preg_match('~^0::(.*)$~m', file_get_contents('/proc/self/cgroup'), $found);
    return hierarchy() . rtrim($found[1], '/');
}

// enter makes a group that is not the call's, and moves there.
function enter(): void
{
    $group = hierarchy() . '/escape-' . getmypid();
    mkdir($group);
    tell('group', $group);
    file_put_contents("$group/cgroup.procs", '0');
    if (group() !== $group) {
        exit(9);
    }
}
