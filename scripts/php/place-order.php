<?php
// Takes an order as JSON on standard input, stores it, and answers 201 with the place where it can be read:
//
//     echo '{"petId":7,"quantity":1}' | php place-order.php

require __DIR__ . '/shop.php';
require_once __DIR__ . '/urocket.php';

$order = urocket_payload();
$pet = shop_pets()[$order['petId'] ?? 0] ?? null;
if ($pet === null || $pet['status'] !== 'available') {
    $problem = ['title' => $pet === null ? 'no such pet' : "{$pet['name']} is {$pet['status']}", 'status' => 422];
    urocket_reply($problem, 422, ['Content-Type' => 'application/problem+json']);
    exit;
}

$orders = shop_var('orders');
$id = count(glob("$orders/*.json"));
do {
    $id++;
    $order = ['id' => $id, 'petId' => $pet['id'], 'quantity' => $order['quantity'] ?? 1, 'status' => 'placed'];
} while (!shop_write_new("$orders/$id.json", json_encode($order)));

urocket_reply($order, 201, ['Location' => "/store/order/$id"]);
