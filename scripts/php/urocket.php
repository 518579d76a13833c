<?php
/**
 * urocket.php: reply to a request that urocket started this script for.
 *
 *     require_once __DIR__ . '/urocket.php';
 *     $order = urocket_payload();
 *     urocket_reply(['id' => 7], 201, ['Location' => '/store/order/7']);
 *
 * One file, no dependency, PHP 7.4 and later. It uses ext-curl where it is loaded and a stream socket where it is not.
 * Run from cron or a terminal (no REQUEST_ID), urocket_reply() prints the body to standard output and nothing else.
 * Everything is read with getenv(): Debian's PHP leaves $_ENV empty (variables_order=GPCS).
 *
 * Including the file registers one shutdown function: a script that dies of a fatal error or of an uncaught exception
 * before it has replied answers 500, and its caller does not learn why. The reason is in PHP's error log, as ever.
 * A script that merely ends without a reply is urocket's business (`onexit` in urocket-service.yaml).
 */

/** urocket did not take the reply, or could not be reached. getCode() is its HTTP status; 0: no answer at all. */
class UrocketException extends RuntimeException
{
}

/**
 * Sends the answer to the caller of this request. Returns once urocket has taken it.
 *
 * @param mixed $body    string: sent as it is, as application/json unless $headers name a Content-Type;
 *                       null: no body; anything else: sent as JSON
 * @param int   $status  200 to 599
 * @param array $headers ['Location' => '/pets/7'] or ['Location: /pets/7']; a value may be a list
 *
 * @throws UrocketException         with urocket's own words: the request is unknown (404), already answered (409),
 *                                  timed out (410), the reply too large (413), not what the document says (422) …
 * @throws JsonException            when $body cannot be written as JSON
 * @throws InvalidArgumentException when a header holds a line break
 */
function urocket_reply($body, int $status = 200, array $headers = []): void
{
    if ($body === null) {
        $body = '';
    } elseif (!is_string($body)) {
        $body = json_encode($body, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    }
    $id = getenv('REQUEST_ID');
    if ($id === false || $id === '') {
        if ($body !== '') {
            echo $body, substr($body, -1) === "\n" ? '' : "\n";
        }
        return;
    }
    UrocketPost::send($id, $body, UrocketPost::head($status, $headers, $body));
}

/**
 * The payload of the request: JSON decoded to arrays, everything else as the string it is; null if there is none.
 *
 * @param string|null $text the payload, where the command passes it elsewhere than on standard input (channel: stdin)
 *                          or as the first argument (channel: cmdline): urocket_payload($argv[2])
 *
 * @throws JsonException when it should be JSON and is not. With `encoding: json` urocket has checked that already
 */
function urocket_payload(?string $text = null)
{
    static $stdin = null;
    static $device = false;
    $given = $text !== null;
    if ($text === null && $stdin === null) {
        // A device is /dev/null (any other channel) or a terminal: no payload there, and nothing to wait for.
        $device = !defined('STDIN') || ((fstat(STDIN)['mode'] ?? 0) & 0170000) === 0020000;
        $stdin = $device ? ($_SERVER['argv'][1] ?? '') : (string) stream_get_contents(STDIN);
    }
    $text = $text ?? $stdin;
    if ($text === '') {
        return null;
    }
    $type = getenv('CONTENT_TYPE');
    $json = $type === false || $type === '' || preg_match('~^\s*application/([^;]+\+)?json\s*(;|$)~i', $type);
    if (!$json) {
        return $text;
    }
    try {
        return json_decode($text, true, 512, JSON_THROW_ON_ERROR | JSON_BIGINT_AS_STRING);
    } catch (JsonException $e) {
        $where = $given ? 'urocket_payload()\'s argument' : ($device ? 'first argument' : 'standard input');
        throw new JsonException("the payload ($where) is not JSON: " . $e->getMessage(), $e->getCode(), $e);
    }
}

/** The POST to the reply socket. Not part of the interface: call urocket_reply(). */
final class UrocketPost
{
    private const CONNECT_SECONDS = 2;

    /** @var bool urocket has taken a reply from this process */
    public static $done = false;

    /** The header lines of the POST: type, status and what the caller is to get. */
    public static function head(int $status, array $headers, string $body): array
    {
        $type = $body === '' ? null : 'application/json';
        $lines = ['Urocket-Status: ' . $status];
        foreach ($headers as $name => $values) {
            foreach ((array) $values as $value) {
                $line = is_int($name) ? (string) $value : $name . ': ' . $value;
                if (strpbrk($line, "\r\n\0") !== false) {
                    throw new InvalidArgumentException('urocket: a header cannot hold a line break');
                }
                if (stripos($line, 'Content-Type:') === 0) {
                    $type = trim(substr($line, 13));
                } else {
                    $lines[] = 'Urocket-Header: ' . $line;
                }
            }
        }
        // "Expect:" keeps curl from waiting for a "100 Continue" before a large body. Without a body
        // "Content-Type:" keeps curl from adding a type of its own.
        return array_merge(['Content-Type:' . ($type === null ? '' : ' ' . $type), 'Expect:'], $lines);
    }

    public static function send(string $id, string $body, array $head): void
    {
        $socket = getenv('UROCKET_SOCKET');
        if ($socket === false || $socket === '') {
            throw new UrocketException('urocket: REQUEST_ID is set, but UROCKET_SOCKET is not');
        }
        $path = '/urhttp/' . rawurlencode($id);
        [$status, $said] = function_exists('curl_init')
            ? self::byCurl($socket, $path, $body, $head)
            : self::byStream($socket, $path, $body, $head);
        if ($status !== 200) {
            throw new UrocketException("urocket refused the reply: $status " . trim($said), $status);
        }
        self::$done = true;
    }

    /** How long urocket may take, in seconds: PHP's own default_socket_timeout. */
    private static function seconds(): int
    {
        $seconds = (int) ini_get('default_socket_timeout');
        return $seconds > 0 ? $seconds : 60;
    }

    private static function byCurl(string $socket, string $path, string $body, array $head): array
    {
        $curl = curl_init('http://internal' . $path);
        curl_setopt_array($curl, [
            CURLOPT_UNIX_SOCKET_PATH => $socket,
            CURLOPT_HTTPHEADER => $head,
            CURLOPT_POST => true,
            CURLOPT_POSTFIELDS => $body,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_CONNECTTIMEOUT => self::CONNECT_SECONDS,
            CURLOPT_TIMEOUT => self::seconds(),
        ]);
        $said = curl_exec($curl);
        if ($said === false) {
            throw new UrocketException("urocket: no answer on $socket: " . curl_error($curl));
        }
        return [(int) curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $said];
    }

    /** HTTP/1.1 by hand, one request on one connection. */
    private static function byStream(string $socket, string $path, string $body, array $head): array
    {
        $conn = @stream_socket_client('unix://' . $socket, $errno, $error, self::CONNECT_SECONDS);
        if ($conn === false) {
            throw new UrocketException("urocket: cannot connect to $socket: $error");
        }
        stream_set_timeout($conn, self::seconds());
        $head = array_filter($head, function (string $line): bool {
            return substr($line, -1) !== ':';
        });
        $request = "POST $path HTTP/1.1\r\nHost: internal\r\nConnection: close\r\nContent-Length: " . strlen($body)
            . "\r\n" . implode("\r\n", $head) . "\r\n\r\n" . $body;
        for ($sent = 0; $sent < strlen($request); $sent += $n) {
            // A refusal may arrive before the whole body was read (413): stop sending, and read what it says.
            $n = @fwrite($conn, substr($request, $sent, 65536));
            if ($n === false || $n === 0) {
                break;
            }
        }
        $answer = (string) @stream_get_contents($conn);
        fclose($conn);
        if (!preg_match('~^HTTP/1\.[01] (\d{3})[^\r\n]*\r\n(.*?)\r\n\r\n(.*)$~s', $answer, $part)) {
            throw new UrocketException("urocket: no answer on $socket");
        }
        $chunked = preg_match('~^transfer-encoding:\s*chunked~mi', $part[2]);
        return [(int) $part[1], $chunked ? self::unchunk($part[3]) : $part[3]];
    }

    private static function unchunk(string $text): string
    {
        $body = '';
        while (preg_match('~^([0-9a-f]+)[^\r\n]*\r\n~i', $text, $size) && ($n = (int) hexdec($size[1])) > 0) {
            $body .= substr($text, strlen($size[0]), $n);
            $text = (string) substr($text, strlen($size[0]) + $n + 2);
        }
        return $body;
    }

    /** At the end of the script: if it died without a reply, its caller gets a 500 that gives nothing away. */
    public static function atShutdown(int $pid): void
    {
        $error = error_get_last();
        $fatal = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;
        $id = (string) getenv('REQUEST_ID');
        // getmypid: a child that the script forked is not the one to answer for it.
        if ($error === null || !($error['type'] & $fatal) || self::$done || $id === '' || getmypid() !== $pid) {
            return;
        }
        ini_set('memory_limit', '-1'); // the error may have been "memory exhausted", and these lines need some
        if (!ini_get('log_errors')) {
            fwrite(fopen('php://stderr', 'w'), "PHP error: {$error['message']} in {$error['file']}:{$error['line']}\n");
        }
        $problem = ['type' => 'about:blank', 'title' => 'Internal Server Error', 'status' => 500,
            'detail' => 'the script failed', 'request_id' => $id];
        try {
            urocket_reply($problem, 500, ['Content-Type' => 'application/problem+json']);
        } catch (Throwable $e) {
            fwrite(fopen('php://stderr', 'w'), $e->getMessage() . "\n");
        }
    }
}

register_shutdown_function(['UrocketPost', 'atShutdown'], getmypid());
