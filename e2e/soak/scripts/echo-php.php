<?php
// The answer is the payload, posted by PHP's own curl.
require __DIR__ . '/lib.php';

$ch = curl_init('http://internal/urhttp/' . getenv('REQUEST_ID'));
curl_setopt($ch, CURLOPT_UNIX_SOCKET_PATH, getenv('UROCKET_SOCKET'));
curl_setopt($ch, CURLOPT_HTTPHEADER, ['Content-Type: application/octet-stream', 'Expect:']);
curl_setopt($ch, CURLOPT_POSTFIELDS, stream_get_contents(STDIN));
curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
curl_exec($ch);
note(sprintf('told %03d', curl_getinfo($ch, CURLINFO_RESPONSE_CODE)));
