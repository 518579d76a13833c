<?php
pcntl_alarm(1);
echo "waits\n";
for ($i = 0; $i < 100; $i++) {
    usleep(100000);
}
echo "never\n";
