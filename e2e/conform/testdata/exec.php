<?php
echo "replaced by sh\n";
pcntl_exec('/bin/sh', ['-c', 'echo "$0 $1 $REQUEST_METHOD $GIVEN"; cat; exit 6', 'name', $argv[1]], ['GIVEN' => 'given'] + getenv());
echo "never\n";
