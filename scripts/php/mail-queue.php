<?php
// Sends the mails that wait in a folder, each once. In the crontab it stands behind a lock file, because a second run
// beside the first would send them twice:
//
//     */5 * * * *  flock -n /run/mail-queue.lock php /srv/petshop/mail-queue.php
//
// Under urocket `running: 1` with `queued: 0` is that lock. The script knows nothing of urocket.
// "Sending" is writing to an outbox here: the example must not send mail.

require __DIR__ . '/shop.php';

$queue = $argv[1] ?? __DIR__ . '/data/queue';
$outbox = shop_var('outbox');
$sent = $before = $refused = 0;
foreach (glob("$queue/*.txt") as $file) {
    $name = basename($file);
    if (is_file("$outbox/$name")) {
        $before++;
        continue;
    }
    $mail = file_get_contents($file);
    $to = preg_match('~^To:\s*(\S.*\S)\s*$~mi', $mail, $m) ? $m[1] : '';
    if (!filter_var($to, FILTER_VALIDATE_EMAIL)) {
        fwrite(STDERR, "$name: not an address: $to\n");
        $refused++;
        continue;
    }
    $text = 'Date: ' . date(DATE_RFC2822) . "\nFrom: shop@example.com\n$mail";
    shop_write_new("$outbox/$name", $text) ? $sent++ : $before++;
}
echo "$sent sent, $before sent before, $refused refused\n";
