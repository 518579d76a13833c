<?php
register_shutdown_function(fn () => print("shutdown\n"));
class C { public function __destruct() { echo "destructor\n"; } }
$c = new C;
ob_start();
echo "in a buffer\n";
ob_flush();
echo "lost in the buffer\n";
posix_kill(getmypid(), constant($argv[1]));
usleep(300000);
ob_end_flush();
echo "survived\n";
