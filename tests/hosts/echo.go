// wsabi from Go, where an installed library needs no more than `#cgo pkg-config: wsabi`:
// CGO_CFLAGS=-IFOLDER CGO_LDFLAGS=LIBRARY go run echo.go
package main

// #include <stdlib.h>
// #include <wsabi.h>
import "C"

import (
	"fmt"
	"unsafe"
)

var conn *C.wsabi_conn

func check(status C.wsabi_status) {
	expect(status == C.WSABI_OK, C.GoString(C.wsabi_status_text(status)))
}

func expect(condition bool, what string) {
	if !condition {
		panic(what)
	}
}

// Accepts every request, sends every text back. The buffer is C's memory: events point
// into it, and C must not leave pointers to Go's memory behind.
func receive(octets string) {
	buffer := C.CString(octets)
	defer C.free(unsafe.Pointer(buffer))
	input := unsafe.Slice((*C.uint8_t)(unsafe.Pointer(buffer)), len(octets))
	for len(input) > 0 {
		var events [16]C.wsabi_event
		var used, count C.size_t
		check(C.wsabi_conn_recv(conn, &input[0], C.size_t(len(input)), &used, &events[0], 16, &count))
		for _, event := range events[:count] {
			switch event._type {
			case C.WSABI_EVENT_REQUEST:
				check(C.wsabi_conn_accept(conn, nil, 0, nil))
			case C.WSABI_EVENT_TEXT:
				check(C.wsabi_conn_send_text(conn, unsafe.Pointer(event.data), event.len))
			}
		}
		input = input[used:]
	}
}

func output() string {
	var runs [16]C.wsabi_iovec
	var count C.size_t
	check(C.wsabi_conn_output(conn, &runs[0], 16, &count))
	octets := ""
	for _, run := range runs[:count] {
		octets += string(unsafe.Slice((*byte)(run.base), run.len))
	}
	check(C.wsabi_conn_output_consumed(conn, C.size_t(len(octets))))
	return octets
}

func main() {
	expect(C.wsabi_abi_version() == C.WSABI_ABI_VERSION, "ABI")
	check(C.wsabi_conn_new_server(nil, &conn))
	defer C.wsabi_conn_free(conn)

	// RFC 6455 1.3 and 5.7.
	receive("GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	response := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
	expect(output() == response, "response")
	receive("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")
	message := output()
	expect(message == "\x81\x05Hello", fmt.Sprintf("message: %q", message))
}
