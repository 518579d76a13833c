<?php
require 'urocket.php';
$payload = urocket_payload();
register_shutdown_function(fn () => urocket_reply(['payload' => $payload, 'late' => true], 202));
echo "not yet\n";
