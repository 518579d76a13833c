<?php
/* A worker of urocket (driver: worker, docs/worker.md): a handler that is called for one request after another.
 *
 *     require 'worker.php';
 *     Urocket\serve(fn (Urocket\Request $r) => ['hello' => $r->param('name')]);
 *
 * What a handler returns is the answer:
 *
 *     a Response                   as it says
 *     a string                     the body, byte for byte
 *     an array, object, number …   the body, as JSON
 *     null                         what it has echoed
 *
 * A body without a Content-Type is application/json. What a handler echoes beside an answer that it returns goes to
 * stdout, which urocket logs (logstdout). An exception is logged and its caller gets 500; the worker goes on. exit() and
 * fatal errors end the worker; its caller gets 502, and another worker takes its place.
 *
 * Whatever is done before serve() is done once: connections, caches, a framework's kernel. Whatever a handler leaves in
 * globals, statics and the like is there in the next request.
 */

declare(strict_types=1);

namespace Urocket;

/** One request, as the frame's header has it. */
final class Request
{
    public readonly string $id;
    public readonly string $method;
    public readonly string $path;          // as it was sent, without the query
    public readonly string $query;         // as it was sent
    public readonly string $route;         // the operation's path: /pets/{petId}
    public readonly string $contentType;   // of the body
    public readonly array $params;         // path and query, typed by the API document
    public readonly array $headers;        // name in small letters => list of values
    public readonly array $env;            // what a script would find in its environment
    public readonly ?float $deadline;      // in seconds since 1970; null: none

    public function __construct(array $head, public readonly string $body)
    {
        $this->id = $head['id'];
        $this->method = $head['method'] ?? '';
        $this->path = $head['path'] ?? '';
        $this->query = $head['query'] ?? '';
        $this->route = $head['route'] ?? '';
        $this->contentType = $head['contenttype'] ?? '';
        $this->params = $head['params'] ?? [];
        $this->headers = $head['headers'] ?? [];
        $this->env = $head['env'] ?? [];
        $this->deadline = isset($head['deadline_ms']) ? $head['deadline_ms'] / 1000 : null;
    }

    /** The first value of a header, null if there is none. */
    public function header(string $name): ?string
    {
        return $this->headers[strtolower($name)][0] ?? null;
    }

    /** A parameter of the path or the query. */
    public function param(string $name, mixed $otherwise = null): mixed
    {
        return $this->params[$name] ?? $otherwise;
    }

    /** The body as JSON: objects as arrays. Throws \JsonException. */
    public function json(): mixed
    {
        return json_decode($this->body, true, 512, JSON_THROW_ON_ERROR);
    }

    /** How many seconds are left until urocket ends this worker; null: as many as it takes. */
    public function timeLeft(): ?float
    {
        return $this->deadline === null ? null : max(0.0, $this->deadline - microtime(true));
    }
}

/** An answer with a status and headers. */
final class Response
{
    /** @param array<string, string|list<string>> $headers */
    public function __construct(
        public readonly string $body = '',
        public readonly int $status = 200,
        public readonly array $headers = [],
        public readonly bool $recycle = false,   // have another worker take this one's place
    ) {
    }

    public static function json(mixed $value, int $status = 200, array $headers = [], bool $recycle = false): self
    {
        return new self(encode($value), $status, $headers + ['Content-Type' => 'application/json'], $recycle);
    }
}

/**
 * Tells urocket that this worker is ready and calls $handler for each request, until urocket closes the connection.
 * Then it returns, so that what stands behind it can clean up.
 *
 * @param callable(Request): mixed $handler
 */
function serve(callable $handler): void
{
    $line = Line::open();
    if (in_array(strtolower((string) ini_get('display_errors')), ['1', 'on', 'stdout', 'yes', 'true'], true)) {
        ini_set('display_errors', 'stderr'); // on stdout it would be taken for a part of the answer
    }
    $line->write(['v' => 1, 'ready' => true, 'pid' => getmypid()], '');
    Line::$ready = true;
    $before = [];
    while (($frame = $line->read()) !== null) {
        [$head, $body] = $frame;
        $env = $head['env'];
        if (isset($head['deadline_ms'])) {
            $head['env']['UROCKET_DEADLINE'] = $env['UROCKET_DEADLINE'] = (string) $head['deadline_ms'];
        }
        foreach (array_diff_key($before, $env) as $name => $_) {
            putenv($name);
            unset($_SERVER[$name]);
        }
        foreach ($before = $env as $name => $value) {
            if (getenv($name, true) !== $value) { // most are those of the last request
                putenv("$name=$value");
            }
            $_SERVER[$name] = $value;
        }
        $line->write(...answer($handler, new Request($head, $body)));
        unset($frame, $head, $body);
    }
}

/** @internal The frame that answers a request. */
function answer(callable $handler, Request $request): array
{
    $depth = ob_get_level();
    ob_start();
    try {
        $result = $handler($request);
        $echoed = '';
        while (ob_get_level() > $depth) {
            $echoed = ob_get_clean() . $echoed;
        }
        if ($result !== null && $echoed !== '') {
            fwrite(\STDOUT, $echoed);
        }
        $response = match (true) {
            $result instanceof Response => $result,
            $result === null => new Response($echoed),
            is_string($result) => new Response($result),
            default => Response::json($result),
        };
    } catch (\Throwable $e) {
        while (ob_get_level() > $depth) {
            ob_end_clean();
        }
        return [['id' => $request->id, 'error' => substr((string) $e, 0, 4096)], ''];
    }
    $head = ['id' => $request->id, 'status' => $response->status, 'headers' => (object) $response->headers];
    return [$response->recycle ? $head + ['bye' => true] : $head, $response->body];
}

/** @internal */
function encode(mixed $value): string
{
    return json_encode($value, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION);
}

/** @internal Descriptor 3: frames of two lengths, a JSON object and bytes. */
final class Line
{
    public static bool $ready = false;

    /** @param resource $stream */
    private function __construct(private $stream)
    {
    }

    public static function open(): self
    {
        $stream = getenv('UROCKET_WORKER') === false ? false : @fopen('php://fd/3', 'r+b');
        if ($stream === false) {
            fwrite(\STDERR, "this is a worker: urocket starts it (driver: worker)\n");
            exit(2);
        }
        stream_set_read_buffer($stream, 0);
        stream_set_timeout($stream, -1); // not default_socket_timeout: a minute without a request is no end
        return new self($stream);
    }

    /** One frame as [array, string]; null at the end. Nothing follows a request before it is answered. */
    public function read(): ?array
    {
        $bytes = $this->take('', 8, 16384); // most requests whole
        if ($bytes === null) {
            return null;
        }
        ['head' => $head, 'body' => $body] = unpack('Nhead/Nbody', $bytes);
        $bytes = $this->take($bytes, 8 + $head, 262144);
        if ($bytes === null) {
            return null;
        }
        $body = $this->take(substr($bytes, 8 + $head), $body, 262144);
        return $body === null ? null : [json_decode(substr($bytes, 8, $head), true, 512, JSON_THROW_ON_ERROR), $body];
    }

    public function write(array $head, string $body): void
    {
        $json = json_encode($head, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
        $frame = pack('NN', strlen($json), strlen($body)) . $json . $body;
        for ($done = 0, $size = strlen($frame); $done < $size; $done += $n) {
            $n = @fwrite($this->stream, $done === 0 ? $frame : substr($frame, $done, 1 << 20));
            if ($n === false || $n === 0) {
                exit(1); // nobody is there any more
            }
        }
    }

    /** What there is and what is read behind it, until it has $size bytes; $piece at most at a time. */
    private function take(string $bytes, int $size, int $piece): ?string
    {
        while (strlen($bytes) < $size) {
            $more = fread($this->stream, $piece);
            if ($more === false || $more === '') {
                return null;
            }
            $bytes .= $more;
        }
        return $bytes;
    }
}

// die("no database") exits with 0, as a script does that has done its work, and urocket would not try again: it is for
// scripts that are no workers. The last of the shutdown functions says that this one has failed.
if (getenv('UROCKET_WORKER') !== false) {
    register_shutdown_function(static fn () => register_shutdown_function(static function (): void {
        if (!Line::$ready) {
            exit(1);
        }
    }));
}
