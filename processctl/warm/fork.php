<?php
/* urocket: a PHP that has done its start-up and forks a process for each call. It is started as
 *
 *     php [options] -d auto_prepend_file=THIS SCRIPT
 *
 * with one end of a SOCK_SEQPACKET pair as descriptor 3, and never gets past this file. Its children do:
 * for them the prepended file ends, and PHP goes on to run SCRIPT as the primary script that it always was.
 *
 * A request is one datagram: a head of 10 bytes (8 for its number, "i" or "e", "r", "n" or "t"), then fields that
 * end in NUL: working directory, SCRIPT, the number of words of the command line and of those before the script's
 * arguments, the words, the environment. With it come descriptors: stdin, stdout, stderr, and the cgroup to be born
 * into (i) or its cgroup.procs, to enter it (e). A trial (t) runs nothing; n says that SCRIPT is new although its time
 * is not. The child itself answers "NUMBER PID", just before SCRIPT begins; what keeps it from that is
 * "NUMBER -ERRNO", and then nothing was run.
 *
 * A child that is to wait (a) says so in the same way, takes what came as its stdin for its descriptor 3, and waits
 * there for a request of its own, with which no cgroup comes.
 *
 * Nothing in here may draw a random number, look up a temporary directory or name a superglobal before the
 * fork: PHP would keep what it found for all children. */
(static function (): string {
    $c = FFI::cdef(<<<'C'
        typedef struct { void *base; size_t len; } urocket_iovec;
        typedef struct {
            void *name; uint32_t namelen; urocket_iovec *iov; size_t iovlen;
            void *control; size_t controllen; int flags;
        } urocket_msghdr;
        typedef struct { size_t len; int level; int type; int fd[8]; } urocket_rights;
        typedef struct { char b[262144]; } urocket_frame;
        typedef struct { uintptr_t v[1024]; } urocket_strings;
        typedef struct {
            uint64_t start_code; uint64_t end_code; uint64_t start_data; uint64_t end_data; uint64_t start_brk; uint64_t brk;
            uint64_t start_stack; uint64_t arg_start; uint64_t arg_end; uint64_t env_start; uint64_t env_end;
            uint64_t auxv; uint32_t auxv_size; uint32_t exe_fd;
        } urocket_mm;
        typedef struct { char b[256]; } urocket_title;
        typedef char **urocket_environ;
        typedef void *urocket_pointer;
        typedef struct {
            uint64_t flags; uint64_t pidfd; uint64_t child_tid; uint64_t parent_tid; uint64_t exit_signal;
            uint64_t stack; uint64_t stack_size; uint64_t tls; uint64_t set_tid; uint64_t set_tid_size; uint64_t cgroup;
        } urocket_clone_args;
        extern char **environ;
        ssize_t recvmsg(int fd, urocket_msghdr *m, int flags);
        ssize_t send(int fd, const char *b, size_t n, int flags);
        ssize_t write(int fd, const char *b, size_t n);
        int open(const char *path, int flags, ...);
        int dup2(int from, int to);
        int close(int fd);
        int setsid(void);
        int prctl(int option, ...);
        uintptr_t sbrk(intptr_t more);
        void tzset(void);
        long syscall(long number, ...);
        int *__errno_location(void);
        void _exit(int code);
        C);
    // Types have names: FFI frees a type without one that lost its owner, and goes on using it.
    $say = static function (string $text) use ($c): void {
        $c->send(3, $text, strlen($text), 0x4000 /* MSG_NOSIGNAL */);
    };
    $script = get_included_files()[0];
    $own = array_intersect_key($_SERVER, array_flip(['PHP_SELF', 'SCRIPT_NAME', 'SCRIPT_FILENAME', 'PATH_TRANSLATED', 'DOCUMENT_ROOT']));

    // PHP has SCRIPT open already. All children would read on where the first of them
    // has stopped, and what the file was at the start: each opens it anew.
    $file = -1;
    foreach (scandir('/proc/self/fd') as $n) {
        if ($n > 3 && @readlink("/proc/self/fd/$n") === $script) {
            $file = (int) $n;
            break;
        }
    }
    if ($file < 0) {
        $say("failed\0the script's own descriptor is not to be found in /proc/self/fd");
        $c->_exit(1);
    }
    $prepend = (string) getenv('UROCKET_PREPEND');
    $all = getenv('UROCKET_GLOBALS') !== false;
    $registers = getenv('UROCKET_NO_ARGV') === false;
    $limit = (int) ini_get('max_execution_time');
    if ($limit) {
        set_time_limit(0);
    }

    $memory = $c->new('urocket_frame', false, true); // for good: the environment will lie in it
    $strings = $c->new('urocket_strings', false, true);
    $frame = $memory->b;
    $address = $c->cast('uintptr_t', FFI::addr($memory))->cdata;
    $rights = $c->new('urocket_rights');
    $iov = $c->new('urocket_iovec');
    $iov->base = $c->cast('urocket_pointer', FFI::addr($memory));
    $iov->len = FFI::sizeof($memory);
    $m = $c->new('urocket_msghdr');
    $m->iov = FFI::addr($iov);
    $m->iovlen = 1;
    $m->control = $c->cast('urocket_pointer', FFI::addr($rights));
    $message = FFI::addr($m);
    // What /proc shows of a process, ps(1) too, is a piece of its memory (prctl(2), PR_SET_MM_MAP). As long as
    // we wait it is our own title, for a script may look whether it runs already.
    $title = (string) getenv('UROCKET_TITLE');
    $mm = $c->new('urocket_mm');
    $stat = explode(' ', (string) strrchr((string) file_get_contents('/proc/self/stat'), ')'));
    foreach ([24 => 'start_code', 25 => 'end_code', 26 => 'start_stack', 43 => 'start_data', 44 => 'end_data',
        45 => 'start_brk', 46 => 'arg_start', 47 => 'arg_end', 48 => 'env_start', 49 => 'env_end'] as $i => $name) {
        $mm->$name = (int) ($stat[$i] ?? 0);
    }
    $mm->exe_fd = -1;
    $shown = FFI::addr($mm);
    $show = static function () use ($c, $mm, $shown): void {
        $mm->brk = $c->sbrk(0);
        $c->prctl(35 /* PR_SET_MM */, 14 /* PR_SET_MM_MAP */, $shown, FFI::sizeof($mm), 0);
    };
    if ($title !== '') {
        $text = $c->new('urocket_title', false, true);
        FFI::memcpy($text, $title, min(strlen($title), 255));
        $mm->arg_start = $c->cast('uintptr_t', FFI::addr($text))->cdata;
        $mm->arg_end = $mm->arg_start + min(strlen($title), 255) + 1;
        $show();
    }
    $c->prctl(4 /* PR_SET_DUMPABLE */, 0); // a script of the same user is not to look into us, or take us over
    $clone = $c->new('urocket_clone_args');
    $clone_args = FFI::addr($clone);
    $flags = 0x8000; // CLONE_PARENT: the child is urocket's, not ours
    $tid = $c->new('uint64_t');
    if ($c->prctl(40 /* PR_GET_TID_ADDRESS */, FFI::addr($tid), 0, 0, 0) === 0) {
        // As fork(3) does: the C library keeps its thread's number.
        $flags |= 0x1200000; // CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID
        $clone->child_tid = $tid->cdata;
    }
    $say("ready\0" . getmypid() . "\0" . $script);
    $waits = false; // we are a child that was forked ahead

    for (;;) {
        $m->controllen = 48;
        $n = $c->recvmsg(3, $message, 0x40000000 /* MSG_CMSG_CLOEXEC */);
        if ($n <= 0) {
            if ($n < 0 && $c->__errno_location()[0] === 4 /* EINTR */) {
                continue;
            }
            $c->_exit(0); // urocket is gone, or wants no more
        }
        $fds = $m->controllen >= 16 ? ($rights->len - 16) >> 2 : 0;
        $enter = $frame[8] === 'e';
        $pid = -24; // EMFILE: there was no room for all of them
        if ($waits && $fds === 3) {
            break;
        }
        if ($fds === 4) {
            $clone->flags = $enter ? $flags : $flags | 0x200000000 /* CLONE_INTO_CGROUP */;
            $clone->cgroup = $enter ? 0 : $rights->fd[3];
            $pid = $c->syscall(435 /* clone3 */, $clone_args, 88);
            if ($pid === 0 && $frame[9] !== 'a') {
                break;
            }
            if ($pid === 0 && $enter && $c->write($rights->fd[3], '0', 1) !== 1) {
                $say(FFI::string($frame, 8) . ' -' . $c->__errno_location()[0]);
                $c->_exit(1);
            }
            if ($pid === 0) {
                $waits = true;
                $say(FFI::string($frame, 8) . ' ' . getmypid());
                $c->dup2($rights->fd[0], 3);
                $c->dup2($rights->fd[1], 1); // it is not to keep what is PHP's
                $c->dup2($rights->fd[2], 2);
            } elseif ($pid < 0) {
                $pid = -$c->__errno_location()[0];
            }
        }
        for ($i = 0; $i < $fds; $i++) {
            $c->close($rights->fd[$i]);
        }
        if ($pid < 0) {
            $say(FFI::string($frame, 8) . ' ' . $pid);
        }
        FFI::memset($memory, 0, $n); // the next child is not to find it
    }

    // The child.
    $c->prctl(4 /* PR_SET_DUMPABLE */, 1);
    $number = FFI::string($frame, 8);
    $leave = static function () use ($c, $say, $number): void {
        $say($number . ' -' . $c->__errno_location()[0]);
        $c->_exit(1);
    };
    if ($enter && $c->write($rights->fd[3], '0', 1) !== 1) {
        $leave();
    }
    if ($frame[9] === 't') {
        $say($number . ' ' . getmypid());
        $c->_exit(0);
    }
    for ($i = 0; $i < $fds; $i++) {
        if ($i < 3) {
            $c->dup2($rights->fd[$i], $i);
        }
        $c->close($rights->fd[$i]);
    }
    $c->setsid();
    $f = explode("\0", FFI::string(FFI::addr($frame[10]), $n - 11));
    [$cwd, $name, $words, $skip] = $f;
    $argv = [$name, ...array_slice($f, 4 + (int) $skip, $words - $skip)];
    $argc = count($argv);
    if (!@chdir($cwd)) {
        $leave();
    }
    $fd = $c->open($name, 0x80000 /* O_CLOEXEC */);
    if ($fd < 0) {
        $leave();
    }
    $c->dup2($fd, $file);
    $c->close($fd);

    // The environment is where it arrived, in the order in which it was sent.
    $at = $address + 10 + strlen("$cwd $name $words $skip ");
    $mm->arg_start = $at;
    $v = $strings->v;
    for ($i = -$words, $j = 4; isset($f[$j]); $i++, $j++) {
        if ($i >= 0) {
            $v[$i] = $at;
        }
        if ($i === 0) {
            $mm->env_start = $at;
        }
        $at += strlen($f[$j]) + 1;
    }
    $mm->arg_end = $mm->env_start;
    $mm->env_end = $at;
    $show();
    $c->environ = $c->cast('urocket_environ', FFI::addr($strings));
    $c->tzset();

    $now = microtime(true);
    $times = ['REQUEST_TIME_FLOAT' => $now, 'REQUEST_TIME' => (int) $now];
    $given = $registers ? ['argv' => $argv, 'argc' => $argc] : [];
    $server = isset($own['PHP_SELF']) ? array_replace(getenv(), $own, $times, $given) : ($all ? $given : []);
    // They stand in the order in which PHP makes them.
    unset($GLOBALS['_SERVER']);
    if ($all) {
        $files = $GLOBALS['_FILES'];
        unset($GLOBALS['_FILES']);
        $GLOBALS['_SERVER'] = $server;
        eval('$_ENV; $_REQUEST;');
        $GLOBALS['_FILES'] = $files;
    }
    foreach ($given as $k => $value) {
        $GLOBALS[$k] = $value;
    }
    $GLOBALS['_SERVER'] = $server;
    clearstatcache(true);
    if ($frame[9] === 'n' && function_exists('opcache_invalidate')) {
        @opcache_invalidate($script, true);
    }
    if ($limit) {
        set_time_limit($limit);
    }
    $say($number . ' ' . getmypid());
    $c->close(3);
    // The objects of the script are to have the numbers that they have always: PHP gives the one that was free
    // last first. What we have had is freed, and then all that is free once more, in order.
    unset($say, $leave, $show, $memory, $strings, $frame, $rights, $iov, $m, $message, $clone, $clone_args, $tid, $mm, $shown,
        $text, $v, $c);
    $free = [];
    while (count($free) < 64) { // more than there ever were
        $one = new stdClass();
        $free[spl_object_id($one)] = $one;
    }
    unset($one);
    krsort($free);
    foreach (array_keys($free) as $last) {
        unset($free[$last]);
    }
    unset($f, $argv, $value, $given, $times, $server, $own, $files, $stat, $free);
    gc_collect_cycles(); // the list of what may be garbage is to be empty too
    return $prepend;
})();
