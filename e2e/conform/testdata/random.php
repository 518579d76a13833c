<?php
require 'fact.php';
fact('unique mt_rand', sprintf('%010d%010d', mt_rand(), mt_rand()));
fact('unique rand', sprintf('%010d%010d', rand(), rand()));
fact('unique random_int', sprintf('%019d', random_int(0, PHP_INT_MAX)));
fact('unique random_bytes', bin2hex(random_bytes(16)));
fact('unique lcg_value', sprintf('%.15f', lcg_value()));
// Alone it is a time of day, in microseconds.
fact('uniqid', [strlen(uniqid()), uniqid() === uniqid()]);
fact('unique uniqid', uniqid('', true));
fact('unique str_shuffle', str_shuffle('abcdefghijklmnopqrstuvwxyz0123456789'));
$all = range(0, 99);
shuffle($all);
fact('unique shuffle', implode(',', array_map(fn ($n) => sprintf('%02d', $n), $all)));
fact('unique array_rand', implode(',', array_map(fn ($n) => sprintf('%03d', $n), array_rand(range(0, 999), 100))));
fact('unique openssl', bin2hex(openssl_random_pseudo_bytes(16)));
fact('unique salt', password_hash('x', PASSWORD_BCRYPT, ['cost' => 4]));
fact('unique session', session_create_id());
fact('unique Random', bin2hex((new Random\Randomizer())->getBytes(16)));
fact('unique engine', bin2hex((new Random\Randomizer(new Random\Engine\Mt19937()))->getBytes(16)));
fact('unique sodium', bin2hex(sodium_crypto_secretbox_keygen()));
$file = tempnam('.', 'tmp');
fact('unique tempnam', basename($file));
unlink($file);
mt_srand(42);
fact('seeded', [mt_rand(), rand(1, 100), mt_rand(1, 6), str_shuffle('abcdef'), array_rand([1, 2, 3, 4]), random_int(1, 1)]);
