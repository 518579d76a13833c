<?php
$s = stream_socket_client('unix://' . getenv('UROCKET_SOCKET'));
$body = json_encode(['got' => $argv[1]]);
fwrite($s, 'POST /' . getenv('REQUEST_ID') . " HTTP/1.0\r\nContent-Length: " . strlen($body) . "\r\n\r\n$body");
echo strtok(stream_get_contents($s), "\r"), "\n";
