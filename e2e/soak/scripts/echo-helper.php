<?php
// The answer is the payload, posted by the helper of scripts/php.
require __DIR__ . '/lib.php';
require __DIR__ . '/urocket.php';

try {
    urocket_reply(urocket_payload() ?? '', 201, ['Content-Type' => 'application/octet-stream', 'X-Token' => getenv('T')]);
    note('told 200');
} catch (UrocketException $e) {
    note(sprintf('told %03d', $e->getCode()));
}
