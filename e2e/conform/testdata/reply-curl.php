<?php
$body = $argv[1] === 'big' ? json_encode(['data' => str_repeat('x', (1 << 20) + 1)]) : json_encode(['got' => json_decode(stream_get_contents(STDIN)), 'by' => 'curl']);
$c = curl_init('http://internal/urhttp/' . getenv('REQUEST_ID'));
curl_setopt_array($c, [
    CURLOPT_UNIX_SOCKET_PATH => getenv('UROCKET_SOCKET'), CURLOPT_POSTFIELDS => $body, CURLOPT_RETURNTRANSFER => true,
    CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'Urocket-Status: 201', 'Urocket-Header: Location: /made/7'], CURLOPT_TIMEOUT => 20,
]);
echo curl_exec($c), ' ', curl_getinfo($c, CURLINFO_RESPONSE_CODE), ' ', strlen($body), "\n";
echo 'a second time: ', curl_exec($c) !== false ? curl_getinfo($c, CURLINFO_RESPONSE_CODE) : curl_error($c), "\n";
exit(3);
