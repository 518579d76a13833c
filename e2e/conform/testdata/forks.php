<?php
ob_start();
echo "in a buffer that both have\n";
$pid = pcntl_fork();
if ($pid === 0) {
    echo 'child: parent ', posix_getppid() === posix_getsid(0) ? 'leads' : 'does not lead', " the session\n";
    exit(3);
}
pcntl_waitpid($pid, $status);
echo 'parent: ', pcntl_wifexited($status), ' ', pcntl_wexitstatus($status), "\n";
ob_end_flush();
for ($i = 0; $i < 5; $i++) {
    if (($pids[] = pcntl_fork()) === 0) {
        posix_kill(getmypid(), $i === 4 ? SIGKILL : 0);
        exit($i);
    }
}
foreach ($pids as $pid) {
    pcntl_waitpid($pid, $status);
    $ends[] = pcntl_wifsignaled($status) ? 'signal ' . pcntl_wtermsig($status) : pcntl_wexitstatus($status);
}
echo json_encode($ends), ' ', pcntl_wait($status), ' ', pcntl_strerror(pcntl_get_last_error()), "\n";
mt_srand(1);
$pair = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
if (pcntl_fork() === 0) {
    fwrite($pair[1], 'over a socket');
    posix_kill(getmypid(), SIGKILL);
}
echo fread($pair[0], 100), "\n";
exit(5);
