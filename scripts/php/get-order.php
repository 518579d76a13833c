<?php
// php get-order.php 3: the order that place-order.php stored under that number.

require __DIR__ . '/shop.php';
require_once __DIR__ . '/urocket.php';

$file = shop_var('orders') . '/' . (int) $argv[1] . '.json';
if (!is_file($file)) {
    urocket_reply(['title' => 'no such order', 'status' => 404], 404, ['Content-Type' => 'application/problem+json']);
    exit;
}
urocket_reply(file_get_contents($file)); // it is JSON already: a string goes out as it is
