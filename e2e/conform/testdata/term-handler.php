<?php
pcntl_async_signals(true);
pcntl_signal(SIGTERM, function (int $signal) {
    echo "got $signal\n";
    exit(9);
});
register_shutdown_function(fn () => print("shutdown\n"));
echo json_encode([pcntl_signal_get_handler(SIGTERM) instanceof Closure, pcntl_signal_get_handler(SIGINT)]), "\n";
posix_kill(posix_getpid(), SIGTERM);
echo "never\n";
