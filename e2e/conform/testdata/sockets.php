<?php
require 'fact.php';
$server = stream_socket_server('unix://' . ($name = sys_get_temp_dir() . '/s' . getmypid()));
$client = stream_socket_client("unix://$name");
$peer = stream_socket_accept($server, 5);
fwrite($client, "line\n");
fact('stream', fgets($peer));
unlink($name);
$tcp = stream_socket_server('tcp://127.0.0.1:0');
$to = stream_socket_client('tcp://' . stream_socket_get_name($tcp, false), $code, $text, 5);
$from = stream_socket_accept($tcp, 5);
stream_set_timeout($from, 0, 10000);
fact('timed out', [fgets($from), stream_get_meta_data($from)['timed_out']]);
socket_create_pair(AF_UNIX, SOCK_STREAM, 0, $pair);
socket_write($pair[0], 'ext');
fact('sockets', [socket_read($pair[1], 10), ini_get('default_socket_timeout')]);
$curl = curl_init('http://' . stream_socket_get_name($tcp, false) . '/');
curl_setopt_array($curl, [CURLOPT_TIMEOUT_MS => 200, CURLOPT_RETURNTRANSFER => true]);
fact('curl', [curl_exec($curl), curl_errno($curl), curl_version()['version']]);
