<?php
// Whoever starts this sends SIGTERM after a while.
pcntl_async_signals(true);
pcntl_signal(SIGTERM, function () use (&$asked) { $asked = true; });
register_shutdown_function(fn () => print("shutdown\n"));
echo "works\n";
for ($i = 0; $i < 600 && !$asked; $i++) {
    usleep(50000);
}
echo $asked ? "asked to end, and does\n" : "nobody asked\n";
exit(12);
