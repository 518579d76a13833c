<?php
echo strlen($argv[1]), ' ', sha1($argv[1]), ' ', strlen(getenv('LONG')), ' ', sha1(getenv('LONG')), ' ', $_SERVER['LONG'] === $argv[1] ? 'same' : 'other', "\n";
