<?php
$counted = ($counted ?? 0) + 1;
echo "side effect $counted\n";
return "first time";
