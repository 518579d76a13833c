<?php
require 'fact.php';
// One source alone, so that none is seeded by the one before it.
fact('unique ' . $argv[1], match ($argv[1]) {
    'mt_rand' => sprintf('%010d%010d', mt_rand(), mt_rand()),
    'lcg_value' => sprintf('%.15f', lcg_value()),
    'bytes' => bin2hex(random_bytes(16)),
    'openssl' => bin2hex(openssl_random_pseudo_bytes(16)),
    'key' => md5(openssl_pkey_get_details(openssl_pkey_new(['private_key_type' => OPENSSL_KEYTYPE_EC, 'curve_name' => 'prime256v1']))['key']),
});
