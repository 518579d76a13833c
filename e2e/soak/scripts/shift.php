<?php
// The same under every driver: says of which generation of the configuration it is, and by which driver it came to be.
$say = function (string $t, string $id): string {
    file_put_contents(getenv('D') . '/notes', "$t start $id " . getmypid() . "\n", FILE_APPEND);
    return "shift-$t " . getenv('G') . ' ' . getenv('DRIVER') . "\n";
};
if (getenv('UROCKET_WORKER') === false) {
    echo $say(getenv('T'), getenv('REQUEST_ID'));
    exit;
}
require __DIR__ . '/worker.php';
Urocket\serve(function (Urocket\Request $r) use ($say): Urocket\Response {
    parse_str($r->query, $q);
    return new Urocket\Response($say($q['t'], $r->id), 200, ['Content-Type' => 'text/plain']);
});
