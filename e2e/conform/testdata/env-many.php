<?php
$many = array_filter(getenv(), fn ($name) => str_starts_with($name, 'MANY_'), ARRAY_FILTER_USE_KEY);
ksort($many);
echo count($many), ' ', sha1(serialize($many)), ' ', count(array_diff_assoc($many, $_SERVER)), ' ', md5(shell_exec('env | grep ^MANY_ | sort')), "\n";
