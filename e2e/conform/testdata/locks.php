<?php
require 'fact.php';
$lock = fopen('lock', 'w');
fact('free at first', flock($lock, LOCK_EX | LOCK_NB));
fact('in a child', trim(shell_exec('flock -n lock echo taken || echo refused')));
flock($lock, LOCK_UN);
fact('unlocked', trim(shell_exec('flock -n lock echo taken || echo refused')));
flock($lock, LOCK_EX);
$sem = sem_get(ftok(__FILE__, 'u'), 1, 0600, true);
fact('semaphore free', sem_acquire($sem, true));
$shm = shmop_open(ftok(__FILE__, 's'), 'c', 0600, 100);
fact('shared memory', [shmop_size($shm), trim(shmop_read($shm, 0, 5), "\0")]);
shmop_write($shm, 'hello', 0);
shmop_delete($shm);
$queue = msg_get_queue(ftok(__FILE__, 'q'));
msg_send($queue, 1, ['a' => 1]);
fact('queue', [msg_receive($queue, 0, $type, 1000, $message), $message, msg_remove_queue($queue)]);
