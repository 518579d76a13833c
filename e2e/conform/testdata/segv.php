<?php
echo "before\n";
system("kill -SEGV " . getmypid());
echo "after\n";
