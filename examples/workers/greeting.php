<?php
/* A worker: what stands before serve() is done once, the handler for each request. */

declare(strict_types=1);

require __DIR__ . '/../../scripts/php/worker.php';

use Urocket\Request;
use Urocket\Response;

$word = getenv('GREETING') ?: 'Hi';
$served = 0;

Urocket\serve(function (Request $request) use ($word, &$served) {
    if ($request->param('name') === 'nobody') {
        return Response::json(
            ['title' => 'there is nobody', 'status' => 404],
            404,
            ['Content-Type' => 'application/problem+json'],
        );
    }
    $times = $request->param('times', 1);
    return [
        'greeting' => implode(' ', array_fill(0, $times, "$word, {$request->param('name')}!")),
        'served' => ++$served,
    ];
});
