<?php
// wsabi from PHP's FFI: php -d ffi.enable=1 echo.php LIBRARY DECLARATIONS

[, $library, $declarations] = $argv;
$wsabi = FFI::cdef(file_get_contents($declarations), $library);

function check(int $status): void
{
    global $wsabi;
    if ($status !== $wsabi->WSABI_OK) {
        throw new Exception($wsabi->wsabi_status_text($status));
    }
}

function expect(bool $condition, string $what): void
{
    if (!$condition) {
        throw new Exception("not as expected: $what");
    }
}

expect($wsabi->wsabi_abi_version() === $wsabi->WSABI_ABI_VERSION, 'ABI');
$conn = $wsabi->new('wsabi_conn *');
check($wsabi->wsabi_conn_new_server(null, FFI::addr($conn)));

$events = $wsabi->new('wsabi_event[16]');
$runs = $wsabi->new('wsabi_iovec[16]');
$used = $wsabi->new('size_t');
$count = $wsabi->new('size_t');

// Accepts every request, sends every text back.
function receive(string $octets): void
{
    global $wsabi, $conn, $events, $used, $count;
    $len = strlen($octets);
    $buffer = $wsabi->new("uint8_t[$len]");
    FFI::memcpy($buffer, $octets, $len);
    for ($at = 0; $at < $len; $at += $used->cdata) {
        $rest = FFI::addr($buffer[$at]);
        check($wsabi->wsabi_conn_recv($conn, $rest, $len - $at, FFI::addr($used), $events, 16, FFI::addr($count)));
        for ($i = 0; $i < $count->cdata; $i++) {
            $event = $events[$i];
            match ($event->type) {
                $wsabi->WSABI_EVENT_REQUEST => check($wsabi->wsabi_conn_accept($conn, null, 0, null)),
                $wsabi->WSABI_EVENT_TEXT => check($wsabi->wsabi_conn_send_text($conn, $event->data, $event->len)),
                default => null,
            };
        }
    }
}

function output(): string
{
    global $wsabi, $conn, $runs, $count;
    check($wsabi->wsabi_conn_output($conn, $runs, 16, FFI::addr($count)));
    $octets = '';
    for ($i = 0; $i < $count->cdata; $i++) {
        $octets .= FFI::string($runs[$i]->base, $runs[$i]->len);
    }
    check($wsabi->wsabi_conn_output_consumed($conn, strlen($octets)));
    return $octets;
}

// RFC 6455 1.3 and 5.7.
receive("GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    . "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
expect(output() === "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    . "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", 'opening handshake');
receive("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
expect(output() === "\x81\x05Hello", 'echo');
$wsabi->wsabi_conn_free($conn);
