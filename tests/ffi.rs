//! The C ABI called the way C calls it. `cargo +nightly miri test --test ffi`
//! checks every aliasing rule that the header promises: under Stacked Borrows,
//! and with `MIRIFLAGS=-Zmiri-tree-borrows`.
//!
//! What the C harness tests is not tested again: here it is about who may touch
//! which memory when. Every argument is a copy that is overwritten and freed
//! after its call, every out-parameter is uninitialised before it (`abi`).
#![allow(unsafe_code, reason = "the C ABI")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what fails here is a test")]

#[path = "../fuzz/src/abi.rs"]
mod abi;
mod support;

use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};
use std::thread;

use abi::*;
use support::{REQUEST, frame, reply};

/// From one cut to the next. Miri takes fewer, for the sake of time.
const STEP: usize = if cfg!(miri) { 5 } else { 1 };

// ---- A whole life ----

#[test]
fn a_whole_life() {
    let mut config = Config::new(&[(OPTION_MAX_OUTPUT, 1 << 16)]);
    assert_eq!(config.add_subprotocol("chat"), OK);
    assert_eq!(config.add_subprotocol("chat"), ERR_ARGUMENT);
    let mut conn = Conn::server(Some(&config));
    assert_eq!((conn.state(), conn.interest()), (STATE_CONNECTING, INTEREST_READ));

    // SAFETY: the connection lives; wsabi does not follow the pointer.
    unsafe {
        let user_data = (&raw const config).cast::<c_void>().cast_mut();
        assert_eq!(wsabi_conn_set_user_data(conn.0, user_data), OK);
        assert_eq!(wsabi_conn_user_data(conn.0), user_data);
    }

    let input = Buffer::new(offering("soap, chat").as_bytes());
    let events = receive(&mut conn, &input, 4);
    assert_eq!(kinds(&events), [EVENT_REQUEST]);
    assert_eq!(payload(&events[0]), b"/chat");
    drop(input);
    assert_eq!(conn.accept(None, None), OK);
    assert_eq!(conn.state(), STATE_OPEN);
    assert_eq!(octets(conn.subprotocol().unwrap()), b"chat");
    assert!(take_output(&mut conn).starts_with(b"HTTP/1.1 101 "));

    assert_eq!(conn.send(wsabi_conn_send_text, b"text"), OK);
    assert_eq!(conn.send(wsabi_conn_send_text, b"\xff"), ERR_ARGUMENT);
    assert_eq!(conn.send(wsabi_conn_send_binary, b""), OK);
    assert_eq!(conn.send(wsabi_conn_send_ping, b"ping"), OK);
    assert_eq!(conn.send(wsabi_conn_send_pong, &[0; 126]), ERR_ARGUMENT);
    assert_eq!(conn.send(wsabi_conn_send_pong, b"pong"), OK);
    assert_eq!(conn.close(1000, b"bye"), OK);
    assert_eq!(conn.close(1000, b"bye"), ERR_STATE);
    assert_eq!(conn.interest(), INTEREST_READ | INTEREST_WRITE);
    let sent = [
        reply(0x81, b"text"),
        reply(0x82, b""),
        reply(0x89, b"ping"),
        reply(0x8a, b"pong"),
        reply(0x88, b"\x03\xe8bye"),
    ];
    assert_eq!(take_output(&mut conn), sent.concat());

    let input = Buffer::new(&frame(0x88, b"\x03\xe8"));
    assert_eq!(kinds(&receive(&mut conn, &input, 1)), [EVENT_CLOSE]);
    assert_eq!((conn.interest(), conn.close_code()), (INTEREST_CLOSE, 1000));
    assert_eq!(kinds(&conn.recv_eof(1).unwrap()), [EVENT_CLOSED]);
    assert!(conn.recv_eof(1).unwrap().is_empty());
    assert_eq!((conn.state(), conn.failure()), (STATE_CLOSED, 0));
}

#[test]
fn what_needs_no_object() {
    // SAFETY: the strings are static.
    unsafe {
        assert_eq!(wsabi_abi_version(), 0);
        assert_eq!(string(wsabi_version()), env!("CARGO_PKG_VERSION"));
        for status in [OK, ERR_NULL, -99, 1, i32::MIN] {
            assert!(!string(wsabi_status_text(status)).is_empty());
        }
        for failure in [0, 101, 217, -1, i32::MAX] {
            assert!(!string(wsabi_failure_text(failure)).is_empty());
        }
    }
}

/// Only `struct_size` is initialised.
#[test]
fn the_table_of_options() {
    let mut config = Config::new(&[]);
    let mut index = 0;
    let info = |index, struct_size| {
        let mut row = MaybeUninit::<OptionRow>::uninit();
        // SAFETY: valid out-parameters, which a success writes.
        unsafe {
            (&raw mut (*row.as_mut_ptr()).struct_size).write(struct_size);
            let status = wsabi_option_info(index, row.as_mut_ptr());
            if status == OK { Ok(row.assume_init()) } else { Err(status) }
        }
    };
    while let Ok(row) = info(index, size_of::<OptionRow>()) {
        let mut value = MaybeUninit::uninit();
        // SAFETY: as above; the names are static.
        unsafe {
            assert!(!string(row.name).is_empty() && !string(row.unit).is_empty());
            assert_eq!(wsabi_config_get(config.0, row.option, value.as_mut_ptr()), OK);
            assert_eq!(value.assume_init(), row.default_value);
            assert_eq!(wsabi_config_get(config.0, u32::MAX, &mut 0), ERR_UNSUPPORTED);
        }
        assert_eq!(config.set(row.option, row.maximum), OK);
        index += 1;
    }
    assert!(index > 8);
    assert_eq!(info(index, size_of::<OptionRow>()).err(), Some(ERR_NOT_FOUND));
    assert_eq!(info(0, 8).err(), Some(ERR_ARGUMENT));
}

// ---- Rules for every call ----

#[test]
fn null_is_a_status() {
    let config = Config::new(&[]);
    let conn = Conn::server(None);
    // SAFETY: what is not NULL is valid.
    unsafe {
        wsabi_config_free(null_mut());
        wsabi_conn_free(null_mut());
        let (mut size, mut number) = (0_usize, 0_u64);
        let none: *mut RawConn = null_mut();
        let some = conn.0;
        let at = |n: &mut usize| -> *mut usize { n };
        let lost = Slice { data: null(), len: 1 };
        let lost_host = ClientRequest { host: lost, ..ClientRequest::INIT };
        let lost_target = Request { target: lost, ..Request::INIT };
        let lost_headers = Request { header_count: 1, ..Request::INIT };
        let mut events = [MaybeUninit::<Event>::uninit(); 1];
        let events = events.as_mut_ptr().cast::<Event>();
        let statuses = [
            wsabi_config_new(null_mut()),
            wsabi_config_set(null_mut(), OPTION_MAX_OUTPUT, 1 << 16),
            wsabi_config_get(null(), OPTION_MAX_OUTPUT, &mut number),
            wsabi_config_get(config.0, OPTION_MAX_OUTPUT, null_mut()),
            wsabi_option_info(0, null_mut()),
            wsabi_config_add_subprotocol(null_mut(), c"a".as_ptr(), 1),
            wsabi_config_add_subprotocol(config.0, null(), 1),
            wsabi_config_add_origin(null_mut(), c"a".as_ptr(), 1),
            wsabi_config_add_origin(config.0, null(), 1),
            wsabi_config_add_resource(null_mut(), c"/".as_ptr(), 1),
            wsabi_config_add_resource(config.0, null(), 1),
            wsabi_config_set_close_reason(null_mut(), c"a".as_ptr(), 1),
            wsabi_config_set_close_reason(config.0, null(), 1),
            wsabi_conn_new_server(null(), null_mut()),
            wsabi_conn_new_client(null(), &ClientRequest::INIT, null_mut()),
            wsabi_conn_new_client(null(), null(), &mut null_mut()),
            wsabi_conn_new_client(null(), &lost_host, &mut null_mut()),
            wsabi_conn_new_open(null(), ROLE_SERVER, null(), 0, null_mut()),
            wsabi_conn_new_open(null(), ROLE_SERVER, null(), 1, &mut null_mut()),
            wsabi_conn_set_user_data(none, null_mut()),
            wsabi_conn_recv(none, null_mut(), 0, at(&mut size), events, 1, &mut 0),
            wsabi_conn_recv(some, null_mut(), 1, at(&mut size), events, 1, &mut 0),
            wsabi_conn_recv(some, null_mut(), 0, null_mut(), events, 1, &mut 0),
            wsabi_conn_recv(some, null_mut(), 0, at(&mut size), null_mut(), 1, &mut 0),
            wsabi_conn_recv(some, null_mut(), 0, at(&mut size), events, 1, null_mut()),
            wsabi_conn_recv_eof(none, events, 1, at(&mut size)),
            wsabi_conn_recv_eof(some, null_mut(), 1, at(&mut size)),
            wsabi_conn_recv_eof(some, events, 1, null_mut()),
            wsabi_conn_output(none, null_mut(), 0, at(&mut size)),
            wsabi_conn_output(some, null_mut(), 1, at(&mut size)),
            wsabi_conn_output(some, null_mut(), 0, null_mut()),
            wsabi_conn_output_consumed(none, 0),
            wsabi_conn_subprotocol(none, null_mut()),
            wsabi_conn_subprotocol(some, null_mut()),
            wsabi_conn_send_text(none, null(), 0),
            wsabi_conn_send_text(some, null(), 1),
            wsabi_conn_send_binary(none, null(), 0),
            wsabi_conn_send_binary(some, null(), 1),
            wsabi_conn_send_ping(none, null(), 0),
            wsabi_conn_send_ping(some, null(), 1),
            wsabi_conn_send_pong(none, null(), 0),
            wsabi_conn_send_pong(some, null(), 1),
            wsabi_conn_close(none, 0, null(), 0),
            wsabi_conn_close(some, 1000, null(), 1),
            wsabi_conn_head_method(none, null_mut()),
            wsabi_conn_head_method(some, null_mut()),
            wsabi_conn_recv_request(none, &Request::INIT, events, 1, at(&mut size)),
            wsabi_conn_recv_request(some, null(), events, 1, at(&mut size)),
            wsabi_conn_recv_request(some, &Request::INIT, null_mut(), 1, at(&mut size)),
            wsabi_conn_recv_request(some, &Request::INIT, events, 1, null_mut()),
            wsabi_conn_recv_request(some, &lost_target, events, 1, at(&mut size)),
            wsabi_conn_recv_request(some, &lost_headers, events, 1, at(&mut size)),
            wsabi_conn_head_target(none, null_mut()),
            wsabi_conn_head_path(none, null_mut()),
            wsabi_conn_head_query(none, null_mut()),
            wsabi_conn_head_query_parameter(none, null(), 0, null_mut(), 0, at(&mut size)),
            wsabi_conn_head_query_parameter(some, null(), 0, null_mut(), 0, null_mut()),
            wsabi_conn_head_host(none, null_mut()),
            wsabi_conn_head_origin(none, null_mut()),
            wsabi_conn_head_find(none, null(), 0, null_mut()),
            wsabi_conn_head_at(none, 0, null_mut()),
            wsabi_conn_offered_subprotocol(none, 0, null_mut()),
            wsabi_conn_accept(none, null(), 0, null()),
            wsabi_conn_accept(some, null(), 1, null()),
            wsabi_conn_reject(none, null()),
            wsabi_conn_reject(some, null()),
            wsabi_conn_redirect(none, 301, null(), 0),
            wsabi_conn_redirect(some, 301, null(), 1),
            wsabi_conn_decline_deflate(none),
            wsabi_conn_accept_by(none, config.0, null()),
            wsabi_conn_accept_by(some, null(), null()),
            wsabi_conn_accept_then_close(none, 1000, null(), 0),
            wsabi_conn_accept_then_close(some, 1000, null(), 1),
            wsabi_conn_challenge(none, null(), 0),
            wsabi_conn_challenge(some, null(), 1),
            wsabi_conn_response_status(none, null_mut()),
            wsabi_conn_response_status(some, null_mut()),
            wsabi_conn_response_header(none, 0, null_mut()),
            wsabi_conn_response_body(none, null_mut()),
            wsabi_explain(null(), 0, null_mut()),
            wsabi_explain(null(), 1, &mut null_mut()),
            wsabi_explain_frames(null(), 0, null_mut()),
            wsabi_explain_frames(null(), 1, &mut null_mut()),
            wsabi_explanation_at(null(), 0, null_mut()),
        ];
        for (index, status) in statuses.into_iter().enumerate() {
            assert_eq!(status, ERR_NULL, "call {index}");
        }
        wsabi_explanation_free(null_mut());
        assert_eq!(wsabi_explanation_count(null()), 0);
        assert!(wsabi_conn_user_data(none).is_null());
        assert_eq!(wsabi_conn_output_size(none), 0);
        assert_eq!(wsabi_conn_interest(none), INTEREST_CLOSE);
        assert_eq!(wsabi_conn_state(none), STATE_CLOSED);
        assert_eq!(wsabi_conn_close_code(none), 0);
        assert_eq!(wsabi_conn_failure(none), 0);
        assert_eq!((size, number), (0, 0));
    }
    assert_eq!((conn.state(), conn.output_size()), (STATE_CONNECTING, 0));
}

#[test]
fn a_refused_call_writes_nothing() {
    let conn = open(&Config::new(&[]));
    let (mut consumed, mut count) = (77, 77);
    let mut events = [Event { kind: 77, flags: 77, code: 77, data: null(), len: 77 }];
    let mut name = Slice { data: null(), len: 77 };
    let mut octet = 0;
    let absurd = isize::MAX as usize + 1;
    // SAFETY: the lengths are refused before anything is touched.
    unsafe {
        let mut recv = |len, cap| {
            wsabi_conn_recv(conn.0, &mut octet, len, &mut consumed, &mut events[0], cap, &mut count)
        };
        assert_eq!(recv(0, 0), ERR_ARGUMENT);
        assert_eq!(recv(absurd, 1), ERR_ARGUMENT);
        assert_eq!(recv(0, absurd), ERR_ARGUMENT);
        assert_eq!(wsabi_conn_recv_eof(conn.0, &mut events[0], 0, &mut count), ERR_ARGUMENT);
        assert_eq!(wsabi_conn_output(conn.0, null_mut(), absurd, &mut count), ERR_NULL);
        assert_eq!(wsabi_conn_head_method(conn.0, &mut name), ERR_STATE);
        assert_eq!(wsabi_conn_output_consumed(conn.0, 1), ERR_ARGUMENT);
    }
    assert_eq!((consumed, count, events[0].kind, events[0].len, name.len), (77, 77, 77, 77, 77));
}

#[test]
fn a_config_may_be_freed_before_its_connections() {
    let mut config = Config::new(&[(OPTION_AUTO_ACCEPT, 1)]);
    let mut conns = [Conn::server(Some(&config)), Conn::server(Some(&config))];
    assert_eq!(config.set(OPTION_AUTO_ACCEPT, 0), ERR_STATE);
    assert_eq!(config.add_subprotocol("late"), ERR_STATE);
    drop(config);
    for conn in &mut conns {
        let events = receive(conn, &Buffer::new(REQUEST.as_bytes()), 1);
        assert_eq!(kinds(&events), [EVENT_OPEN]);
    }
}

/// Rule 3: `const` functions run concurrently; any thread frees.
#[test]
fn const_functions_may_run_concurrently() {
    let config = Config::new(&[]);
    let new = || Conn::server(Some(&config));
    let (mut conn, other) =
        thread::scope(|scope| [scope.spawn(new), scope.spawn(new)].map(|new| new.join().unwrap()))
            .into();
    let events = receive(&mut conn, &Buffer::new(REQUEST.as_bytes()), 1);
    let look = || {
        assert_eq!(octets(conn.head_target().unwrap()), b"/chat");
        assert_eq!((conn.state(), conn.output_size()), (STATE_CONNECTING, 0));
    };
    thread::scope(|scope| {
        scope.spawn(look);
        scope.spawn(look);
        scope.spawn(move || drop(other));
    });
    assert_eq!(payload(&events[0]), b"/chat");
}

// ---- Payloads ----

/// Text, binary, a message in fragments around a ping, a Close.
fn conversation() -> Vec<u8> {
    [
        frame(0x81, "Hellö".as_bytes()),
        frame(0x82, &[0, 255]),
        frame(0x01, b"\xe2\x82"),
        frame(0x89, b"ping"),
        frame(0x80, b"\xac"),
        frame(0x81, b""),
        frame(0x88, b"\x03\xe8bye"),
    ]
    .concat()
}

/// What an echo answers; the pong comes when it likes.
fn assert_echoed(mut output: Vec<u8>) {
    let pong = reply(0x8a, b"ping");
    let at = output.windows(pong.len()).position(|octets| octets == pong).unwrap();
    output.drain(at..at + pong.len());
    let echo = [
        reply(0x81, "Hellö".as_bytes()),
        reply(0x82, &[0, 255]),
        reply(0x81, "€".as_bytes()),
        reply(0x81, b""),
        reply(0x88, b"\x03\xe8"),
    ];
    assert_eq!(output, echo.concat());
}

/// Each payload lies in the input or in the connection, and goes back from there.
#[test]
fn an_event_may_be_sent_back_wherever_its_octets_live() {
    let (config, wire) = (Config::new(&[]), conversation());
    for cut in 0..=wire.len() {
        // Miri takes the caps in turns, for the sake of time.
        let caps = [1, 2, 64];
        let caps = if cfg!(miri) { &caps[cut % 3..=cut % 3] } else { &caps };
        for &cap in caps {
            let mut conn = open(&config);
            echo(&mut conn, &wire[..cut], cap);
            echo(&mut conn, &wire[cut..], cap);
            assert_eq!((conn.close_code(), conn.failure()), (1000, 0), "cut {cut}, cap {cap}");
            assert_echoed(take_output(&mut conn));
        }
    }
}

/// The same of octets that came before the decision, in one piece with the
/// request or behind it.
#[test]
fn octets_behind_an_undecided_request_are_kept() {
    let wire = conversation();
    for cut in (0..=wire.len()).step_by(STEP) {
        let mut conn = Conn::server(None);
        let first = Buffer::new(&[REQUEST.as_bytes(), &wire[..cut]].concat());
        let (used, events) = conn.recv(&first, 0, 64).unwrap();
        assert_eq!((kinds(&events), used), (vec![EVENT_REQUEST], REQUEST.len()));
        let (used, events) = conn.recv(&first, used, 64).unwrap();
        assert_eq!((kinds(&events), used), (vec![], cut));
        drop(first);
        assert_eq!(conn.interest(), 0);
        assert_eq!(conn.accept(None, None), OK);
        let waits = conn.interest() & INTEREST_RECV != 0;
        assert_eq!(waits, cut > 0);
        if waits {
            echo(&mut conn, b"", 2);
        }
        assert_eq!(conn.interest() & INTEREST_RECV, 0);
        echo(&mut conn, &wire[cut..], 2);
        let output = take_output(&mut conn);
        let head = output.windows(4).position(|octets| octets == b"\r\n\r\n").unwrap() + 4;
        assert_echoed(output[head..].to_vec());
    }
}

#[test]
fn octets_are_kept_up_to_the_limit() {
    let mut conn = Conn::server(Some(&Config::new(&[(OPTION_MAX_MESSAGE_SIZE, 10)])));
    receive(&mut conn, &Buffer::new(REQUEST.as_bytes()), 1);
    // The largest message, and what one read may hold.
    let most = 10 + (1 << 20);
    assert_eq!(conn.recv(&Buffer::new(&vec![0x81; most + 1]), 0, 1).err(), Some(ERR_LIMIT));
    assert_eq!(conn.recv(&Buffer::new(&vec![0x81; most]), 0, 1).map(|(used, _)| used), Ok(most));
    assert_eq!(conn.recv(&Buffer::new(&[0x81; 1]), 0, 1).err(), Some(ERR_LIMIT));
}

#[test]
fn a_failure_is_told_and_answered() {
    let mut conn = open(&Config::new(&[]));
    let input = Buffer::new(&[frame(0x81, b"last"), frame(0x81, b"\xff")].concat());
    let (_, events) = conn.recv(&input, 0, 64).unwrap();
    assert_eq!(kinds(&events), [EVENT_TEXT, EVENT_FAILED]);
    // SAFETY: the payload lives until the next call that receives.
    assert_eq!(unsafe { conn.send_back(wsabi_conn_send_text, &events[0]) }, OK);
    let output = take_output(&mut conn);
    assert_eq!(payload(&events[1]), output[output.len() - events[1].len..]);
    assert!(output.starts_with(&reply(0x81, b"last")));
    assert_eq!(conn.interest(), INTEREST_READ | INTEREST_SHUTDOWN_WRITE);
}

// ---- Output ----

/// Runs are read where they lie, some octets at a time, while `const` functions
/// are called.
#[test]
fn output_in_runs() {
    let mut expected = Vec::new();
    let mut conn = open(&Config::new(&[]));
    for len in [3, 300, 1000, 0, 5000] {
        let message = vec![b'm'; len];
        assert_eq!(conn.send(wsabi_conn_send_binary, &message), OK);
        expected.extend(reply(0x82, &message));
    }
    let mut sent = Vec::new();
    for step in 1.. {
        let mut runs = [MaybeUninit::<Iovec>::uninit(); 3];
        let (mut count, size) = (0, conn.output_size());
        let cap = step % runs.len() + 1;
        // SAFETY: valid out-parameters; the runs live until the next call that is
        // not `const`.
        unsafe {
            assert_eq!(wsabi_conn_output(conn.0, runs.as_mut_ptr().cast(), cap, &mut count), OK);
            assert_eq!((conn.output_size(), conn.state()), (size, STATE_OPEN));
            assert!(count <= cap && (count > 0) == (size > 0));
            let runs = runs[..count].iter().map(|run| run.assume_init());
            let listed = runs.flat_map(|run| copy(run.base.cast(), run.len));
            sent.extend(listed.take(step * 7));
        }
        let written = size - (expected.len() - sent.len());
        assert_eq!(conn.output_consumed(size + 1), ERR_ARGUMENT);
        assert_eq!(conn.output_consumed(written), OK);
        if conn.output_size() == 0 {
            break;
        }
    }
    assert_eq!(sent, expected);
    assert!(conn.output(3).is_empty());
}

// ---- Opening handshake ----

#[test]
fn the_head_is_read_until_the_decision() {
    let mut conn = Conn::server(None);
    assert_eq!(conn.head_target().err(), Some(ERR_STATE));
    receive(&mut conn, &Buffer::new(offering("a,, b").as_bytes()), 1);

    // They all stay valid together.
    let host = conn.head_find(b"hOST").unwrap();
    let first = conn.head_at(0).unwrap();
    let second = conn.offered_subprotocol(1).unwrap();
    assert_eq!(octets(conn.head_method().unwrap()), b"GET");
    assert_eq!(octets(conn.head_target().unwrap()), b"/chat");
    assert_eq!(conn.head_find(b"Origin").err(), Some(ERR_NOT_FOUND));
    assert_eq!(conn.head_find(b"").err(), Some(ERR_NOT_FOUND));
    assert_eq!(conn.head_at(6).err(), Some(ERR_NOT_FOUND));
    assert_eq!(conn.offered_subprotocol(2).err(), Some(ERR_NOT_FOUND));
    assert_eq!(octets(host), b"server.example.com");
    assert_eq!((octets(first.name), octets(first.value)), (b"Host".to_vec(), octets(host)));
    assert_eq!(octets(second), b"b");

    assert_eq!(conn.accept(Some(b"b"), None), OK);
    assert_eq!(conn.head_target().err(), Some(ERR_STATE));
    assert_eq!(octets(conn.subprotocol().unwrap()), b"b");
}

/// What the head holds is given back as it lies there, although the decision
/// ends the head: whether the head came in octets or in parts.
#[test]
fn a_decision_may_be_made_of_the_head() {
    // SAFETY: slices of the head live until the decision.
    let decisions: [fn(&Conn, &Field) -> Status; 7] = unsafe {
        [
            |conn, field| {
                let name = conn.offered_subprotocol(1).unwrap();
                let response = Response { headers: field, header_count: 1, ..Response::INIT };
                wsabi_conn_accept(conn.0, name.data.cast(), name.len, &response)
            },
            |conn, field| {
                let response = Response { headers: field, header_count: 1, ..Response::INIT };
                wsabi_conn_accept_by(conn.0, Config::new(&[]).0, &response)
            },
            |conn, _| {
                let query = conn.head_query().unwrap();
                wsabi_conn_accept_then_close(conn.0, 1008, query.data.cast(), query.len)
            },
            |conn, field| {
                let path = conn.head_path().unwrap();
                let response = Response {
                    status: 404,
                    headers: field,
                    header_count: 1,
                    body: path.data,
                    body_len: path.len,
                    ..Response::INIT
                };
                wsabi_conn_reject(conn.0, &response)
            },
            |conn, _| {
                let target = conn.head_target().unwrap();
                wsabi_conn_redirect(conn.0, 307, target.data.cast(), target.len)
            },
            |conn, _| {
                let origin = conn.head_origin().unwrap();
                wsabi_conn_redirect(conn.0, 308, origin.data.cast(), origin.len)
            },
            |conn, _| {
                let host = conn.head_host().unwrap();
                wsabi_conn_challenge(conn.0, host.data.cast(), host.len)
            },
        ]
    };
    for decision in decisions {
        for parts in [None, Some(&UPGRADE), Some(&EXTENDED_CONNECT)] {
            let (conn, events) = asked(parts);
            let field = conn.head_at(1).unwrap();
            assert_eq!(decision(&conn, &field), OK);
            // The target is the payload of an event: valid until the next receive.
            assert_eq!(payload(&events[0]), b"/chat?room=1&who=J%C3%BCrgen");
            assert_eq!(conn.head_target().err(), Some(ERR_STATE));
        }
    }
}

#[test]
fn answers_are_copied() {
    let asked = |options: &[(u32, u64)], request: &str| {
        let mut conn = Conn::server(Some(&Config::new(options)));
        receive(&mut conn, &Buffer::new(request.as_bytes()), 1);
        conn
    };
    let headers: &[(&[u8], &[u8])] = &[(b"X-A", b"1"), (b"X-Empty", b"")];

    let mut conn = asked(&[], REQUEST);
    let bad: &[(&[u8], &[u8])] = &[(b"X-A", b"1\r\nX-B: 2")];
    assert_eq!(conn.accept(Some(b"not offered"), None), ERR_ARGUMENT);
    assert_eq!(
        conn.accept(None, Some(&Answer { headers: bad, ..Answer::default() })),
        ERR_ARGUMENT
    );
    assert_eq!(conn.output_size(), 0);
    assert_eq!(conn.accept(None, Some(&Answer { headers, ..Answer::default() })), OK);
    assert!(take_output(&mut conn).ends_with(b"X-A: 1\r\nX-Empty: \r\n\r\n"));

    let mut conn = asked(&[], REQUEST);
    assert_eq!(conn.reject(&Answer { status: 200, headers, body: b"no" }), ERR_ARGUMENT);
    assert_eq!(conn.reject(&Answer { status: 403, headers, body: b"no" }), OK);
    assert_eq!(conn.reject(&Answer { status: 403, headers, body: b"no" }), ERR_STATE);
    let output = take_output(&mut conn);
    assert!(output.starts_with(b"HTTP/1.1 403 ") && output.ends_with(b"\r\n\r\nno"));

    let mut conn = asked(&[(OPTION_PLAIN_HTTP, 1)], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(conn.accept(None, None), ERR_STATE);
    assert_eq!(conn.reject(&Answer { status: 200, headers, body: b"page" }), OK);
    assert!(take_output(&mut conn).ends_with(b"\r\n\r\npage"));

    let mut conn = asked(&[], REQUEST);
    assert_eq!(conn.redirect(302, b"wss://a/ b"), ERR_ARGUMENT);
    assert_eq!(conn.redirect(u32::MAX, b"wss://a/"), ERR_ARGUMENT);
    assert_eq!(conn.redirect(302, b"wss://a/"), OK);
    assert_eq!(conn.interest(), INTEREST_READ | INTEREST_WRITE);
}

#[test]
#[cfg(feature = "deflate")]
fn compression_is_declined_before_the_decision() {
    let deflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let request = REQUEST.replace("\r\n\r\n", &format!("\r\n{deflate}\r\n"));
    for declines in [false, true] {
        let mut conn = Conn::server(None);
        assert_eq!(conn.decline_deflate(), ERR_STATE);
        receive(&mut conn, &Buffer::new(request.as_bytes()), 1);
        if declines {
            assert_eq!(conn.decline_deflate(), OK);
        }
        assert_eq!(conn.accept(None, None), OK);
        assert_eq!(conn.decline_deflate(), ERR_STATE);
        let response = String::from_utf8(take_output(&mut conn)).unwrap();
        assert_eq!(response.contains("permessage-deflate"), !declines);
    }
}

/// What is compressed is made of memory of the library's own, and so is what is
/// inflated: neither needs the caller's.
#[test]
#[cfg(feature = "deflate")]
fn compressed_messages() {
    let deflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let request = REQUEST.replace("\r\n\r\n", &format!("\r\n{deflate}\r\n"));
    let message = b"over and over and over and over and over";
    for takes_over in [false, true] {
        // Small contexts, for the sake of Miri's time.
        let config = Config::new(&[
            (OPTION_DEFLATE_MEMORY_LEVEL, 1),
            (OPTION_DEFLATE_MIN_SIZE, 0),
            (OPTION_SERVER_MAX_WINDOW_BITS, 9),
            (OPTION_SERVER_NO_CONTEXT_TAKEOVER, (!takes_over).into()),
            (OPTION_CLIENT_NO_CONTEXT_TAKEOVER, (!takes_over).into()),
        ]);
        let mut conn = Conn::server(Some(&config));
        receive(&mut conn, &Buffer::new(request.as_bytes()), 1);
        assert_eq!(conn.accept(None, None), OK);
        take_output(&mut conn);
        let mut lens = Vec::new();
        for _ in 0..3 {
            assert_eq!(conn.send(wsabi_conn_send_text, message), OK);
            let sent = take_output(&mut conn);
            assert_eq!(sent[..2], [0xc1, sent.len() as u8 - 2]);
            lens.push(sent.len());
            // Back, in two reads of which neither outlives its call.
            let wire = frame(0xc1, &sent[2..]);
            let (first, second) = wire.split_at(wire.len() / 2);
            assert!(receive(&mut conn, &Buffer::new(first), 1).is_empty());
            let events = receive(&mut conn, &Buffer::new(second), 1);
            assert_eq!(kinds(&events), [EVENT_TEXT]);
            assert_eq!(events[0].flags, FLAG_COMPRESSED);
            assert_eq!(payload(&events[0]), message);
        }
        assert!(lens[0] < message.len() && lens[1] == lens[2], "{lens:?}");
        assert_eq!(lens[1] < lens[0], takes_over, "it refers to the message before");
        let events = receive(&mut conn, &Buffer::new(&frame(0xc1, &[0xff])), 1);
        assert_eq!((kinds(&events), events[0].code), (vec![EVENT_FAILED], 1007));
    }
}

/// WSABI_RESPONSE_INIT is accepted; a struct of another size or of a later
/// release is not.
#[test]
fn a_response_tells_its_size() {
    let mut conn = Conn::server(None);
    receive(&mut conn, &Buffer::new(REQUEST.as_bytes()), 1);
    let accept = |struct_size, reserved| {
        let response = Response { struct_size, reserved, ..Response::INIT };
        // SAFETY: valid pointers and empty ranges.
        unsafe { wsabi_conn_accept(conn.0, null(), 0, &response) }
    };
    assert_eq!(accept(size_of::<Response>() - 1, 0), ERR_ARGUMENT);
    assert_eq!(accept(size_of::<Response>(), 1), ERR_ARGUMENT);
    assert_eq!(accept(size_of::<Response>(), 0), OK);
}

// ---- Policies ----

#[test]
fn what_a_config_is_given_is_copied() {
    let mut config = Config::new(&[(OPTION_ALLOW_SAME_HOST, 1)]);
    for (origin, expected) in [
        (&b"https://example.com"[..], OK),
        (b"null", OK),
        (b"https://example.com/", ERR_ARGUMENT),
        (b"", ERR_ARGUMENT),
        (b"\xff", ERR_ARGUMENT),
    ] {
        assert_eq!(config.give(wsabi_config_add_origin, origin), expected, "{origin:?}");
    }
    for (path, expected) in [
        (&b"/chat"[..], OK),
        (b"chat", ERR_ARGUMENT),
        (b"/chat?", ERR_ARGUMENT),
        (b"", ERR_ARGUMENT),
        (b"/\xff", ERR_ARGUMENT),
    ] {
        assert_eq!(config.give(wsabi_config_add_resource, path), expected, "{path:?}");
    }
    for (reason, expected) in
        [(&[b'a'; 124][..], ERR_ARGUMENT), (b"\xff", ERR_ARGUMENT), (b"", OK), (b"no", OK)]
    {
        assert_eq!(config.give(wsabi_config_set_close_reason, reason), expected, "{reason:?}");
    }
    let conn = Conn::server(Some(&config));
    let setters: [ConfigFn; 3] =
        [wsabi_config_add_origin, wsabi_config_add_resource, wsabi_config_set_close_reason];
    for give in setters {
        assert_eq!(config.give(give, b"/late"), ERR_STATE);
    }
    drop(conn);
    assert_eq!(config.give(wsabi_config_add_resource, b"/late"), OK);
}

/// What a policy says is read from its config, which may be freed at once.
#[test]
fn another_policy_decides() {
    let policy = |options: &[(u32, u64)], resource: &[u8]| {
        let mut policy = Config::new(options);
        assert_eq!(policy.add_subprotocol("v9"), OK);
        assert_eq!(policy.give(wsabi_config_add_resource, resource), OK);
        assert_eq!(policy.give(wsabi_config_set_close_reason, b"speak v9"), OK);
        policy
    };
    let rejects = [(OPTION_SUBPROTOCOL_MISMATCH, POLICY_REJECT), (OPTION_MAX_OUTPUT, 1 << 16)];
    let closes =
        [(OPTION_SUBPROTOCOL_MISMATCH, POLICY_CLOSE), (OPTION_SUBPROTOCOL_CLOSE_CODE, 4000)];
    let rows = [
        (policy(&[], b"/chat"), 0, STATE_OPEN),
        (policy(&rejects, b"/chat"), 127, STATE_CLOSED),
        (policy(&closes, b"/chat"), 127, STATE_CLOSING),
        (policy(&[], b"/other"), 129, STATE_CLOSED),
    ];
    for (policy, failure, state) in rows {
        let (mut conn, _) = asked(None);
        let headers: Headers = &[(b"X-A", b"1\r\n")];
        let bad = Answer { headers, ..Answer::default() };
        if state != STATE_CLOSED {
            assert_eq!(conn.accept_by(&policy, Some(&bad)), ERR_ARGUMENT);
        }
        assert_eq!((conn.state(), conn.output_size()), (STATE_CONNECTING, 0));
        assert_eq!(conn.accept_by(&policy, None), OK);
        assert_eq!(conn.accept_by(&policy, None), ERR_STATE);
        drop(policy);
        assert_eq!((conn.failure(), conn.state()), (failure, state));
        let output = take_output(&mut conn);
        assert!(state != STATE_CLOSING || output.ends_with(&reply(0x88, b"\x0f\xa0speak v9")));
    }
    let (mut conn, _) = asked(None);
    assert_eq!(conn.accept_then_close(1005, b""), ERR_ARGUMENT);
    assert_eq!(conn.accept_then_close(1000, b"\xff"), ERR_ARGUMENT);
    assert_eq!(conn.accept_then_close(0, b""), OK);
    assert_eq!(conn.accept_then_close(0, b""), ERR_STATE);
    assert_eq!(octets(conn.subprotocol().unwrap()), b"a");
    assert!(take_output(&mut conn).ends_with(b"\r\n\r\n\x88\x00"));

    let (mut conn, _) = asked(None);
    assert_eq!(conn.challenge(b""), ERR_ARGUMENT);
    assert_eq!(conn.challenge(b"Basic\r\n"), ERR_ARGUMENT);
    assert_eq!(conn.challenge(b"Basic realm=\"chat\""), OK);
    assert!(take_output(&mut conn).starts_with(b"HTTP/1.1 401 "));
}

// ---- Requests that a host parsed ----

const OFFER: (&[u8], &[u8]) = (b"sec-websocket-protocol", b"a, b");
const ORIGIN: (&[u8], &[u8]) = (b"origin", b"https://example.com");
const VERSION: (&[u8], &[u8]) = (b"sec-websocket-version", b"13");

const UPGRADE: Parts = Parts {
    version: HTTP_1_1,
    method: b"GET",
    target: b"/chat?room=1&who=J%C3%BCrgen",
    authority: b"",
    protocol: b"",
    headers: &[
        OFFER,
        ORIGIN,
        VERSION,
        (b"Host", b"example.com"),
        (b"Upgrade", b"websocket"),
        (b"Connection", b"upgrade"),
        (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    ],
};

const EXTENDED_CONNECT: Parts = Parts {
    version: HTTP_2,
    method: b"CONNECT",
    target: UPGRADE.target,
    authority: b"example.com",
    protocol: b"websocket",
    headers: &[OFFER, ORIGIN, VERSION],
};

#[test]
fn what_the_head_says() {
    for parts in [None, Some(&UPGRADE), Some(&EXTENDED_CONNECT)] {
        let (conn, _) = asked(parts);
        // They all stay valid together.
        let (path, query) = (conn.head_path().unwrap(), conn.head_query().unwrap());
        let (host, origin) = (conn.head_host().unwrap(), conn.head_origin().unwrap());
        assert_eq!(conn.head_query_parameter(b"who", 99), Ok(("Jürgen".into(), 7)));
        assert_eq!(conn.head_query_parameter(b"who", 2), Ok((b"J\xc3".into(), 7)));
        assert_eq!(conn.head_query_parameter(b"room", 0), Ok((vec![], 1)));
        assert_eq!(conn.head_query_parameter(b"", 1), Err(ERR_NOT_FOUND));
        assert_eq!((octets(path), octets(host)), (b"/chat".into(), b"example.com".into()));
        assert_eq!(octets(query), b"room=1&who=J%C3%BCrgen");
        assert_eq!(octets(origin), b"https://example.com");
    }
    let conn = Conn::server(None);
    assert_eq!(conn.head_query_parameter(b"who", 1), Err(ERR_STATE));
    for look in [Conn::head_path, Conn::head_query, Conn::head_host, Conn::head_origin] {
        assert_eq!(look(&conn).err(), Some(ERR_STATE));
    }
}

/// The response is had in parts, and behind it come frames.
#[test]
fn a_request_in_parts() {
    for (parts, status) in [(&UPGRADE, 101), (&EXTENDED_CONNECT, 200)] {
        let (mut conn, _) = asked(Some(parts));
        assert_eq!(conn.response_status().err(), Some(ERR_STATE));
        assert_eq!(conn.recv_request(parts, 1).err(), Some(ERR_STATE));
        assert_eq!(conn.accept(Some(b"b"), None), OK);
        assert_eq!((conn.output_size(), conn.interest()), (0, INTEREST_READ));
        assert_eq!(conn.response_status(), Ok(status));
        let body = conn.response_body().unwrap();
        let fields: Vec<_> = (0..).map_while(|index| conn.response_header(index).ok()).collect();
        // Nothing but a receive ends them.
        assert_eq!(conn.send(wsabi_conn_send_text, b"hi"), OK);
        assert_eq!(octets(body), b"");
        let chosen = fields.iter().find(|field| octets(field.value) == b"b").unwrap();
        assert!(octets(chosen.name).eq_ignore_ascii_case(OFFER.0));
        assert_eq!(fields.len(), if status == 101 { 4 } else { 1 });
        assert_eq!(take_output(&mut conn), reply(0x81, b"hi"));
        let events = receive(&mut conn, &Buffer::new(&frame(0x81, b"ho")), 2);
        assert_eq!(kinds(&events), [EVENT_TEXT]);
        assert_eq!(conn.response_status().err(), Some(ERR_STATE));
        assert_eq!(conn.response_header(0).err(), Some(ERR_STATE));
        assert_eq!(conn.response_body().err(), Some(ERR_STATE));
    }
}

#[test]
fn a_request_in_parts_is_refused_in_parts() {
    let (mut conn, _) = asked(Some(&EXTENDED_CONNECT));
    let headers: Headers = &[(b"X-A", b"1")];
    assert_eq!(conn.reject(&Answer { status: 403, headers, body: b"no" }), OK);
    assert_eq!((conn.interest(), conn.output_size()), (INTEREST_CLOSE, 0));
    assert_eq!(conn.response_status(), Ok(403));
    assert_eq!(octets(conn.response_body().unwrap()), b"no");
    assert_eq!(octets(conn.response_header(0).unwrap().name), b"x-a");
    assert_eq!(conn.response_header(9).err(), Some(ERR_NOT_FOUND));

    let rows = [
        (Parts { protocol: b"ftp", ..EXTENDED_CONNECT }, 130),
        (Parts { method: b"G T", ..UPGRADE }, 101),
        (Parts { headers: &[(b"a", b"\0")], ..UPGRADE }, 103),
        (Parts { version: HTTP_1_0, ..UPGRADE }, 114),
        (Parts { headers: &[], version: HTTP_3, ..EXTENDED_CONNECT }, 118),
    ];
    for (parts, failure) in rows {
        let mut conn = Conn::server(None);
        assert_eq!(kinds(&conn.recv_request(&parts, 1).unwrap()), [EVENT_FAILED]);
        assert_eq!((conn.failure(), conn.interest()), (failure, INTEREST_CLOSE));
        assert!(conn.response_status().unwrap() >= 400);
        assert!(!octets(conn.response_body().unwrap()).is_empty());
    }
    let mut conn = Conn::server(None);
    assert_eq!(conn.recv_request(&UPGRADE, 0).err(), Some(ERR_ARGUMENT));
    let unknown = Parts { version: 12, ..UPGRADE };
    assert_eq!(conn.recv_request(&unknown, 1).err(), Some(ERR_UNSUPPORTED));
    let mut event = MaybeUninit::<Event>::uninit();
    for bad in
        [Request { struct_size: 8, ..Request::INIT }, Request { reserved: 1, ..Request::INIT }]
    {
        // SAFETY: valid pointers and empty ranges.
        let status =
            unsafe { wsabi_conn_recv_request(conn.0, &bad, event.as_mut_ptr(), 1, &mut 0) };
        assert_eq!(status, ERR_ARGUMENT);
    }
    assert_eq!(kinds(&conn.recv_request(&UPGRADE, 1).unwrap()), [EVENT_REQUEST]);
}

// ---- A client ----

const ASK: Ask = Ask {
    host: b"example.com:8080",
    target: b"/chat?room=1",
    origin: b"https://example.com",
    headers: &[(b"Cookie", b"a=1")],
};

/// Client and server talk to each other, all of it through the C ABI.
#[test]
fn a_client_and_a_server() {
    let mut config = Config::new(&[]);
    assert_eq!(config.add_subprotocol("chat"), OK);
    for cap in [1, 64] {
        let mut client = Conn::client(Some(&config), &ASK).unwrap();
        let mut server = Conn::server(Some(&config));
        assert_eq!(client.interest(), INTEREST_READ | INTEREST_WRITE);
        let request = (EVENT_REQUEST, 0, ASK.target.to_vec());
        assert_eq!(pass(&mut client, &mut server, cap), [request]);
        assert_eq!(octets(server.head_host().unwrap()), ASK.host);
        assert_eq!(octets(server.head_origin().unwrap()), ASK.origin);
        assert_eq!(octets(server.head_find(b"cookie").unwrap()), b"a=1");
        let headers: Headers = &[(b"Set-Cookie", b"b=2")];
        assert_eq!(server.accept(None, Some(&Answer { headers, ..Answer::default() })), OK);
        assert_eq!(server.send(wsabi_conn_send_text, b"welcome"), OK);

        // The message comes with the response.
        let input = Buffer::new(&take_output(&mut server));
        let (used, events) = client.recv(&input, 0, cap).unwrap();
        assert_eq!((kinds(&events), client.response_status()), (vec![EVENT_OPEN], Ok(101)));
        let last = (0..).map_while(|index| client.response_header(index).ok()).last().unwrap();
        assert_eq!(octets(last.value), b"b=2");
        assert!(octets(client.response_body().unwrap()).is_empty());
        let (_, events) = client.recv(&input, used, cap).unwrap();
        assert_eq!((kinds(&events), payload(&events[0])), (vec![EVENT_TEXT], b"welcome".into()));
        assert_eq!(client.response_status().err(), Some(ERR_STATE));
        assert_eq!(octets(client.subprotocol().unwrap()), b"chat");

        // SAFETY: nothing was called since that makes the payload invalid.
        assert_eq!(unsafe { client.send_back(wsabi_conn_send_binary, &events[0]) }, OK);
        assert_eq!(client.send(wsabi_conn_send_ping, b"ping"), OK);
        let message = (EVENT_BINARY, 0, b"welcome".to_vec());
        let ping = (EVENT_PING, 0, b"ping".to_vec());
        assert_eq!(pass(&mut client, &mut server, cap), [message, ping]);
        let pong = (EVENT_PONG, 0, b"ping".to_vec());
        assert_eq!(pass(&mut server, &mut client, cap), [pong]);
        assert_eq!(client.close(1000, b"bye"), OK);
        let close = |reason: &[u8]| (EVENT_CLOSE, 1000, reason.to_vec());
        assert_eq!(pass(&mut client, &mut server, cap), [close(b"bye")]);
        assert_eq!(pass(&mut server, &mut client, cap), [close(b"")]);
        // The server closes first.
        assert_eq!((server.interest(), client.interest()), (INTEREST_CLOSE, INTEREST_READ));
        assert_eq!(kinds(&client.recv_eof(1).unwrap()), [EVENT_CLOSED]);
        assert_eq!(client.interest(), INTEREST_CLOSE);
    }
}

/// The response that rejects is there until the connection is freed.
#[test]
fn a_client_that_is_rejected() {
    let refusal = b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 302 Found\r\n\
        Location: /other\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nGone\r\n0\r\n\r\n";
    for cut in (0..refusal.len() - 2).step_by(STEP) {
        let mut client = Conn::client(None, &ASK).unwrap();
        take_output(&mut client);
        let mut events = Vec::new();
        for piece in [&refusal[..cut], &refusal[cut..]] {
            events.extend(receive(&mut client, &Buffer::new(piece), 1));
        }
        assert_eq!((kinds(&events), events[0].code), (vec![EVENT_REJECTED], 302));
        let (location, body) =
            (client.response_header(0).unwrap(), client.response_body().unwrap());
        assert_eq!(client.interest(), INTEREST_CLOSE);
        assert!(client.recv_eof(1).unwrap().is_empty());
        assert!(receive(&mut client, &Buffer::new(b"more"), 1).is_empty());
        assert_eq!((client.state(), client.failure()), (STATE_CLOSED, 0));
        assert_eq!(
            (octets(location.name), octets(location.value)),
            (b"Location".into(), b"/other".into())
        );
        assert_eq!((octets(body), client.response_status()), (b"Gone".into(), Ok(302)));
    }
    // The end of the stream ends a body without length.
    let mut client = Conn::client(None, &ASK).unwrap();
    let refusal = Buffer::new(b"HTTP/1.0 404 Not Found\r\n\r\nwhat?");
    assert!(receive(&mut client, &refusal, 1).is_empty());
    let events = client.recv_eof(1).unwrap();
    assert_eq!((kinds(&events), payload(&events[0])), (vec![EVENT_REJECTED], b"what?".into()));
}

#[test]
fn a_client_that_gets_no_answer_to_its_key() {
    let mut client = Conn::client(None, &ASK).unwrap();
    let input = Buffer::new(
        b"HTTP/1.1 101 Ok\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    );
    let events = receive(&mut client, &input, 1);
    assert_eq!((kinds(&events), events[0].code), (vec![EVENT_FAILED], 1006));
    assert_eq!((client.failure(), client.interest()), (162, INTEREST_WRITE));
    take_output(&mut client);
    assert_eq!(client.interest(), INTEREST_CLOSE);
}

#[test]
fn what_a_client_may_ask_for() {
    let bad = [
        Ask { host: b"", ..ASK },
        Ask { target: b"chat", ..ASK },
        Ask { target: b"/\r\n", ..ASK },
        Ask { origin: b"\n", ..ASK },
        Ask { headers: &[(b"Host", b"a")], ..ASK },
        Ask { headers: &[(b"A", b"1\r\nB: 2")], ..ASK },
    ];
    for ask in bad {
        assert_eq!(Conn::client(None, &ask).err(), Some(ERR_ARGUMENT));
    }
    let mut out = MaybeUninit::uninit();
    let request = ClientRequest { struct_size: 8, ..ClientRequest::INIT };
    // SAFETY: valid pointers and empty ranges.
    let status = unsafe { wsabi_conn_new_client(null(), &request, out.as_mut_ptr()) };
    assert_eq!(status, ERR_ARGUMENT);
}

/// Connections whose opening handshake was somebody else's.
#[test]
fn open_from_the_start() {
    assert_eq!(Conn::open(None, 2, None).err(), Some(ERR_UNSUPPORTED));
    assert_eq!(Conn::open(None, ROLE_CLIENT, Some(b"")).err(), Some(ERR_ARGUMENT));
    assert_eq!(Conn::open(None, ROLE_CLIENT, Some(b"a b")).err(), Some(ERR_ARGUMENT));
    let mut client = Conn::open(None, ROLE_CLIENT, Some(b"chat")).unwrap();
    let mut server = Conn::open(None, ROLE_SERVER, None).unwrap();
    assert_eq!(octets(client.subprotocol().unwrap()), b"chat");
    assert_eq!(octets(server.subprotocol().unwrap()), b"");
    // Each message has a masking key of its own.
    assert_eq!(client.send(wsabi_conn_send_binary, &[0; 300]), OK);
    assert_eq!(client.send(wsabi_conn_send_binary, &[0; 300]), OK);
    let wire = client.output(64).concat();
    assert_ne!(wire[..wire.len() / 2], wire[wire.len() / 2..]);
    let message = (EVENT_BINARY, 0, vec![0; 300]);
    assert_eq!(pass(&mut client, &mut server, 64), [message.clone(), message]);
    // A client's frames are masked, a server's are not.
    let masked = Buffer::new(&frame(0x81, b"masked"));
    assert_eq!(kinds(&receive(&mut client, &masked, 1)), [EVENT_FAILED]);
    assert_eq!(client.failure(), 218);
    let close = pass(&mut client, &mut server, 64);
    assert_eq!((close[0].0, close[0].1), (EVENT_CLOSE, 1002));
}

// ---- Explain ----

#[test]
fn an_explanation_outlives_its_capture() {
    let head = b"HTTP/1.1 101 Ok\r\nUpgrade: websocket\r\n\r\n";
    let captures: [(ExplainFn, &[u8]); 3] =
        [(wsabi_explain, head), (wsabi_explain_frames, b"\xff\x00"), (wsabi_explain_frames, b"")];
    for (explain, capture) in captures {
        let explanation = Explanation::new(explain, capture);
        let size = size_of::<Finding>();
        let findings: Vec<_> =
            (0..explanation.count()).map(|index| explanation.at(index, size).unwrap()).collect();
        assert!(!findings.is_empty());
        for finding in findings {
            assert!((1..=4).contains(&finding.severity) && finding.kind >= 1000);
            for text in [finding.section, finding.rule, finding.peers, finding.remedy] {
                assert!(!octets(text).is_empty());
            }
            drop((octets(finding.offending), octets(finding.detail)));
        }
        assert_eq!(explanation.at(explanation.count(), size).err(), Some(ERR_NOT_FOUND));
        assert_eq!(explanation.at(0, 8).err(), Some(ERR_ARGUMENT));
    }
}

// ---- Any order ----

/// Whatever is called gets a status, and no memory is touched that is not
/// wsabi's any more.
#[test]
fn calls_in_any_order() {
    for seed in 1..=if cfg!(miri) { 4 } else { 500 } {
        let mut random = Random(seed);
        let config = Config::new(&[(OPTION_AUTO_ACCEPT, random.below(2) as u64)]);
        let (mut conn, mut wire) = if random.below(4) == 0 {
            let refusal = b"HTTP/1.1 404 \r\nContent-Length: 100\r\n\r\n".to_vec();
            (Conn::client(Some(&config), &ASK).unwrap(), refusal)
        } else {
            (Conn::server(Some(&config)), REQUEST.into())
        };
        wire.extend([conversation(), conversation()].concat());
        // What the last events point to lives until the next call that receives.
        let mut last = (Buffer::new(b""), Vec::new());
        for _ in 0..200 {
            let status = any_call(&mut conn, &mut random, &mut wire, &mut last);
            assert!((ERR_NOT_FOUND..=OK).contains(&status), "seed {seed}: status {status}");
        }
    }
}

fn any_call(
    conn: &mut Conn,
    random: &mut Random,
    wire: &mut Vec<u8>,
    last: &mut (Buffer, Vec<Event>),
) -> Status {
    let payload = vec![b'p'; random.below(130)];
    match random.below(16) {
        0..4 => {
            let len = random.below(40).min(wire.len());
            let input = Buffer::new(&wire[..len]);
            match conn.recv(&input, 0, random.below(3)) {
                Ok((used, events)) => {
                    wire.drain(..used);
                    *last = (input, events);
                }
                Err(status) => return status,
            }
        }
        4..6 => {
            for event in &last.1 {
                // SAFETY: the input is kept, and nothing was called since that
                // makes the payload invalid.
                unsafe { conn.send_back(wsabi_conn_send_binary, event) };
            }
        }
        6 => {
            let len = conn.output(1 + random.below(3)).concat().len();
            return conn.output_consumed(random.below(len + 2));
        }
        7 => {
            conn.interest();
            last.1.clear();
        }
        8 => return conn.send(wsabi_conn_send_text, &payload),
        9 => return conn.send(wsabi_conn_send_ping, &payload),
        10 => return conn.send(wsabi_conn_send_pong, &payload),
        11 => {
            let (first, index) = (conn.head_find(b"host"), random.below(8));
            let slices = [
                first,
                conn.head_method(),
                conn.head_path(),
                conn.offered_subprotocol(index),
                conn.response_body(),
                conn.response_header(index).map(|field| field.value),
            ];
            slices.into_iter().flatten().for_each(|slice| drop(octets(slice)));
        }
        12 => {
            last.1.clear();
            return match random.below(8) {
                0 => conn.accept_by(&Config::new(&[]), None),
                1 => conn.accept_then_close(1000, &payload),
                2 => conn.challenge(&payload),
                3 => {
                    let parts = [UPGRADE, EXTENDED_CONNECT][random.below(2)].clone();
                    conn.recv_request(&parts, 1).err().unwrap_or(OK)
                }
                _ => conn.accept(None, None),
            };
        }
        13 if random.below(30) == 0 => return conn.close(1001, &payload),
        14 if random.below(30) == 0 => {
            last.1.clear();
            return conn.redirect(307, b"/elsewhere");
        }
        15 if random.below(30) == 0 => {
            last.1.clear();
            return conn.recv_eof(random.below(2)).err().unwrap_or(OK);
        }
        _ => {}
    }
    OK
}

/// xorshift64, Marsaglia 2003.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        for shift in [13, -7_i32, 17] {
            self.0 ^= if shift > 0 { self.0 << shift } else { self.0 >> -shift };
        }
        (self.0 % end as u64) as usize
    }
}

// ---- A host ----

/// An open connection, with nothing to be sent.
fn open(config: &Config) -> Conn {
    let mut conn = Conn::server(Some(config));
    receive(&mut conn, &Buffer::new(REQUEST.as_bytes()), 1);
    assert_eq!(conn.accept(None, None), OK);
    take_output(&mut conn);
    conn
}

/// A connection with a request that waits for a decision, and its event; the
/// request came in parts or, without them, as the octets of `UPGRADE`.
fn asked(parts: Option<&Parts>) -> (Conn, Vec<Event>) {
    let mut conn = Conn::server(None);
    let events = match parts {
        Some(parts) => conn.recv_request(parts, 1).unwrap(),
        None => {
            let mut head = [b"GET ", UPGRADE.target, b" HTTP/1.1\r\n"].concat();
            for &(name, value) in UPGRADE.headers {
                head.extend([name, b": ", value, b"\r\n"].concat());
            }
            head.extend(b"\r\n");
            receive(&mut conn, &Buffer::new(&head), 1)
        }
    };
    assert_eq!(kinds(&events), [EVENT_REQUEST]);
    (conn, events)
}

/// Passes all that one connection has to send to another; what that lists, each
/// with its code and its payload.
fn pass(from: &mut Conn, to: &mut Conn, cap: usize) -> Vec<(i32, u16, Vec<u8>)> {
    let input = Buffer::new(&take_output(from));
    let (mut at, mut listed) = (0, Vec::new());
    loop {
        let (used, events) = to.recv(&input, at, cap).unwrap();
        at += used;
        listed.extend(events.iter().map(|event| (event.kind, event.code, payload(event))));
        if at == input.len() && events.is_empty() {
            return listed;
        }
    }
}

/// Receives in one call what is used up by one.
fn receive(conn: &mut Conn, input: &Buffer, cap: usize) -> Vec<Event> {
    let (used, events) = conn.recv(input, 0, cap).unwrap();
    assert_eq!(used, input.len());
    events
}

/// Receives, and sends every message back before it receives on.
fn echo(conn: &mut Conn, octets: &[u8], cap: usize) {
    let input = Buffer::new(octets);
    let mut at = 0;
    loop {
        let (used, events) = conn.recv(&input, at, cap).unwrap();
        at += used;
        for event in &events {
            let send: SendFn = match event.kind {
                EVENT_TEXT => wsabi_conn_send_text,
                EVENT_BINARY => wsabi_conn_send_binary,
                _ => continue,
            };
            // SAFETY: nothing was called since the event that is no send.
            assert_eq!(unsafe { conn.send_back(send, event) }, OK);
        }
        if at == input.len() && events.is_empty() {
            return;
        }
    }
}

fn take_output(conn: &mut Conn) -> Vec<u8> {
    let octets = conn.output(64).concat();
    assert_eq!(conn.output_consumed(octets.len()), OK);
    assert_eq!(conn.output_size(), 0);
    octets
}

/// A request that offers subprotocols.
fn offering(names: &str) -> String {
    REQUEST.replace("\r\n\r\n", &format!("\r\nSec-WebSocket-Protocol: {names}\r\n\r\n"))
}

fn kinds(events: &[Event]) -> Vec<i32> {
    events.iter().map(|event| event.kind).collect()
}

/// A payload; the tests look only while it is valid.
fn payload(event: &Event) -> Vec<u8> {
    // SAFETY: see above.
    unsafe { copy(event.data, event.len) }
}

/// As [`payload`].
fn octets(slice: Slice) -> Vec<u8> {
    // SAFETY: see above.
    unsafe { copy(slice.data, slice.len) }
}

/// # Safety
/// A string that ends with NUL.
unsafe fn string<'a>(text: *const c_char) -> &'a str {
    // SAFETY: the caller's contract.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap()
}
