<?php
// Summary of a web server's access log, as cron has mailed it every night:
//
//     5 0 * * *  php /srv/petshop/access-report.php /var/log/nginx/access.log.1
//
// It knows nothing of urocket.

$file = $argv[1] ?? __DIR__ . '/data/access.log';
$log = @fopen($file, 'r');
if (!$log) {
    fwrite(STDERR, "access-report: cannot read $file\n");
    exit(1);
}

$line = '~^(\S+) \S+ \S+ \[[^]]+\] "(\S+) (\S+) [^"]*" (\d{3}) (\d+|-)~';
$requests = $bytes = $unread = 0;
$addresses = $statuses = $pages = $broken = [];
while (($text = fgets($log)) !== false) {
    if (!preg_match($line, $text, $m)) {
        $unread++;
        continue;
    }
    [, $address, $verb, $uri, $status, $size] = $m;
    $page = $verb . ' ' . strtok($uri, '?');
    $requests++;
    $bytes += (int) $size;
    $addresses[$address] = true;
    $statuses[$status] = ($statuses[$status] ?? 0) + 1;
    $pages[$page] = ($pages[$page] ?? 0) + 1;
    if ($status >= 500) {
        $broken[$page] = ($broken[$page] ?? 0) + 1;
    }
}

function table(string $title, array $rows): void
{
    echo "\n$title\n";
    foreach ($rows as $name => $count) {
        printf("%6d  %s\n", $count, $name);
    }
}

printf("%d requests from %d addresses, %s bytes\n", $requests, count($addresses), number_format($bytes));
ksort($statuses);
table('by status', $statuses);
arsort($pages);
table('asked for most', array_slice($pages, 0, 3, true));
arsort($broken);
if ($broken) {
    table('answered with an error of ours', $broken);
}
if ($unread) {
    fwrite(STDERR, "access-report: $unread lines of $file are not in the combined format\n");
}
