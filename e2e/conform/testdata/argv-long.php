<?php
echo strlen($argv[1]), ' ', sha1($argv[1]), ' ', $argc, "\n";
