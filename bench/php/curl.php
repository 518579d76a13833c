<?php
$c = curl_init('http://internal/urhttp/' . getenv('REQUEST_ID'));
curl_setopt_array($c, [
    CURLOPT_UNIX_SOCKET_PATH => getenv('UROCKET_SOCKET'),
    CURLOPT_POSTFIELDS => '{"ok":true,"n":1234}',
    CURLOPT_HTTPHEADER => ['Content-Type: application/json'],
    CURLOPT_RETURNTRANSFER => true,
]);
exit(curl_exec($c) === false || curl_getinfo($c, CURLINFO_RESPONSE_CODE) !== 200 ? 1 : 0);
