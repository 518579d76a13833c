<?php
// What a call leaves behind; of the script's own kind and of others, quiet and talking.
exec('setsid sleep 600 >/dev/null 2>&1 &');
exec('sleep 600 >/dev/null 2>&1 &');
if (pcntl_fork() === 0) {
    posix_setsid();
    if (pcntl_fork() === 0) {
        fclose(STDIN);
        sleep(600);
    }
    posix_kill(getmypid(), SIGKILL);
}
pcntl_wait($status);
echo "the script is done\n";
