<?php
// How many pets of each status the shop has. Cron mails the text:
//
//     0 7 * * 1  php /srv/petshop/inventory.php
//
// The five lines at the end give the same figures to whoever asked over HTTP.

require __DIR__ . '/shop.php';

$count = ['available' => 0, 'pending' => 0, 'sold' => 0];
foreach (shop_pets() as $pet) {
    $count[$pet['status']]++;
}
foreach ($count as $status => $n) {
    printf("%-10s %3d\n", $status, $n);
}

if (getenv('REQUEST_ID')) {
    $ch = curl_init('http://internal/urhttp/' . getenv('REQUEST_ID'));
    curl_setopt($ch, CURLOPT_UNIX_SOCKET_PATH, getenv('UROCKET_SOCKET'));
    curl_setopt($ch, CURLOPT_HTTPHEADER, ['Content-Type: application/json', 'Expect:']);
    curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode($count));
    curl_exec($ch);
}
