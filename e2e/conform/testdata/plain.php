<?php
echo json_encode([$argv, basename(__FILE__), getcwd() === __DIR__, stream_get_contents(STDIN)]), "\n";
