<?php
require 'fact.php';
foreach (preg_grep('/^(Sig(Blk|Ign|Cgt)|ShdPnd|NoNewPrivs|Seccomp|Threads|CapEff|CapPrm|CapBnd|Groups|Uid|Gid|Cpus_allowed):/', file('/proc/self/status')) as $line) {
    [$name, $value] = explode(':', $line, 2);
    fact("status $name", trim($value));
}
pcntl_sigprocmask(SIG_BLOCK, [], $blocked);
fact('blocked', $blocked);
$handlers = [];
for ($s = 1; $s < 32; $s++) {
    $handlers[$s] = in_array($s, [SIGKILL, SIGSTOP]) ? null : pcntl_signal_get_handler($s);
}
fact('handlers', $handlers);
fact('async', pcntl_async_signals());
fact('alarm', pcntl_alarm(0));
$seen = [];
pcntl_signal(SIGUSR1, function ($s) use (&$seen) { $seen[] = $s; });
posix_kill(getmypid(), SIGUSR1);
fact('before dispatch', $seen);
pcntl_signal_dispatch();
fact('after dispatch', $seen);
pcntl_sigprocmask(SIG_BLOCK, [SIGUSR2]);
posix_kill(getmypid(), SIGUSR2);
fact('waited for', [pcntl_sigtimedwait([SIGUSR2], $info, 5), $info['signo']]);
fact('mask of a child', trim(shell_exec('grep SigBlk /proc/self/status')));
