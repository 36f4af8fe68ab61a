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
            wsabi_conn_recv_space(none, &mut null_mut(), at(&mut size)),
            wsabi_conn_recv_space(some, null_mut(), at(&mut size)),
            wsabi_conn_recv_space(some, &mut null_mut(), null_mut()),
            wsabi_conn_recv_commit(none, 0, events, 1, at(&mut size)),
            wsabi_conn_recv_commit(some, 0, null_mut(), 1, at(&mut size)),
            wsabi_conn_recv_commit(some, 0, events, 1, null_mut()),
            wsabi_conn_take(none, &NOTHING, &mut null_mut()),
            wsabi_conn_take(some, null(), &mut null_mut()),
            wsabi_conn_take(some, &NOTHING, null_mut()),
            wsabi_conn_handle_timeout(none, 0, events, 1, at(&mut size)),
            wsabi_conn_handle_timeout(some, 0, null_mut(), 1, at(&mut size)),
            wsabi_conn_handle_timeout(some, 0, events, 1, null_mut()),
            wsabi_conn_info(none, INFO_DEFLATE, &mut number),
            wsabi_conn_info(some, INFO_DEFLATE, null_mut()),
            wsabi_conn_set_trace(none, None, null_mut()),
            wsabi_conn_reset(none, null()),
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
            wsabi_conn_send(none, MESSAGE_TEXT, null(), 0, 0),
            wsabi_conn_send(some, MESSAGE_TEXT, null(), 1, 0),
            wsabi_conn_send_borrowed(none, MESSAGE_TEXT, null(), 0, 0, Some(count_up), null_mut()),
            wsabi_conn_send_borrowed(some, MESSAGE_TEXT, null(), 1, 0, Some(count_up), null_mut()),
            wsabi_conn_send_borrowed(some, MESSAGE_TEXT, null(), 0, 0, None, null_mut()),
            wsabi_prepared_new(null(), MESSAGE_TEXT, null(), 0, null_mut()),
            wsabi_prepared_new(null(), MESSAGE_TEXT, null(), 1, &mut null_mut()),
            wsabi_conn_send_prepared(none, null()),
            wsabi_conn_send_prepared(some, null()),
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
        wsabi_release(null_mut());
        wsabi_prepared_free(null_mut());
        assert_eq!(wsabi_conn_deadline(none), u64::MAX);
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
    let (mut owner, mut prepared, mut number) = (null_mut(), null_mut(), 77);
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
        let list = &mut events[0];
        assert_eq!(wsabi_conn_recv_commit(conn.0, 0, list, 1, &mut count), ERR_STATE);
        assert_eq!(wsabi_conn_recv_commit(conn.0, 0, list, 0, &mut count), ERR_ARGUMENT);
        assert_eq!(wsabi_conn_handle_timeout(conn.0, 0, list, 0, &mut count), ERR_ARGUMENT);
        assert_eq!(wsabi_conn_take(conn.0, list, &mut owner), ERR_STATE);
        assert_eq!(wsabi_conn_info(conn.0, 99, &mut number), ERR_UNSUPPORTED);
        assert_eq!(wsabi_conn_info(conn.0, INFO_OCTETS_SENT, &mut number), ERR_NOT_FOUND);
        let bad = [(9, 0, ERR_UNSUPPORTED), (MESSAGE_TEXT, 8, ERR_UNSUPPORTED)];
        for (kind, flags, status) in bad {
            let context = (&raw mut number).cast();
            let send = wsabi_conn_send_borrowed;
            assert_eq!(send(conn.0, kind, null(), 0, flags, Some(count_up), context), status);
            assert_eq!(wsabi_conn_send(conn.0, kind, null(), 0, flags), status);
        }
        let prepare = |kind, text: &CStr, prepared| {
            wsabi_prepared_new(null(), kind, text.as_ptr().cast(), text.count_bytes(), prepared)
        };
        assert_eq!(prepare(9, c"", &mut prepared), ERR_UNSUPPORTED);
        assert_eq!(prepare(MESSAGE_TEXT, c"\xff", &mut prepared), ERR_ARGUMENT);
        assert_eq!(wsabi_conn_reset(conn.0, &ClientRequest::INIT), ERR_ARGUMENT);
    }
    assert_eq!((owner, prepared, number), (null_mut(), null_mut(), 77));
    assert_eq!((conn.state(), conn.output_size()), (STATE_OPEN, 0));
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

// ---- Lent, taken, prepared ----

/// A payload is read where it lies, and given back when its last octet was
/// written: once, while the connection is at work, and freed at once.
#[test]
fn what_is_lent_is_sent_from_where_it_lies() {
    let payload = Buffer::new(&[b'l'; 3000]);
    let mut conn = open(&Config::new(&[]));
    let mut released = 0_u64;
    let context = (&raw mut released).cast::<c_void>();
    // SAFETY: the payload and the counter outlive the connection.
    let status = unsafe {
        let (data, release) = (payload.at(0).cast(), Some(count_up as ReleaseFn));
        wsabi_conn_send_borrowed(conn.0, MESSAGE_TEXT, data, payload.len(), 0, release, context)
    };
    assert_eq!(status, OK);
    let lender = Lender::default();
    assert_eq!(conn.send(wsabi_conn_send_binary, b"between"), OK);
    assert_eq!(conn.send_lent(MESSAGE_BINARY, &[b'm'; 2048], SEND_MORE, &lender), OK);
    assert_eq!(conn.send_lent(MESSAGE_BINARY, &[b'n'; 2048], 0, &lender), OK);
    let expected = [
        reply(0x81, &[b'l'; 3000]),
        reply(0x82, b"between"),
        reply(0x02, &[b'm'; 2048]),
        reply(0x80, &[b'n'; 2048]),
    ];
    let mut runs = [MaybeUninit::<Iovec>::uninit(); 8];
    let mut count = 0;
    // SAFETY: valid out-parameters; the runs live until the next call.
    unsafe {
        assert_eq!(wsabi_conn_output(conn.0, runs.as_mut_ptr().cast(), 8, &mut count), OK);
        assert_eq!((count, runs[1].assume_init().base), (6, payload.at(0).cast_const().cast()));
    }
    let mut sent: Vec<u8> = Vec::new();
    while conn.output_size() > 0 {
        let octets = conn.output(64).concat();
        let step = octets.len().min(777);
        assert_eq!(conn.output_consumed(step), OK);
        sent.extend(&octets[..step]);
        // SAFETY: nobody else looks at the counter now.
        let released = unsafe { context.cast::<u64>().read() };
        assert_eq!(released, u64::from(sent.len() >= expected[0].len()));
        let left = expected.concat().len() - sent.len();
        assert_eq!(lender.lent(), left.min(1) + usize::from(left > 2052));
    }
    assert_eq!(sent, expected.concat());
}

#[test]
fn what_is_lent_is_given_back_on_every_path() {
    let large = &[b'l'; 3000];
    let limited = Config::new(&[(OPTION_MAX_OUTPUT, 4000)]);
    let lender = Lender::default();
    let lend = |conn: &mut Conn, payload: &[u8], status| {
        assert_eq!(conn.send_lent(MESSAGE_TEXT, payload, 0, &lender), status);
        lender.lent()
    };
    // It is copied, or refused.
    let mut client = Conn::open(None, ROLE_CLIENT, None).unwrap();
    assert_eq!(lend(&mut client, large, OK), 0);
    let mut conn = open(&limited);
    assert_eq!(lend(&mut conn, b"small", OK), 0);
    assert_eq!(lend(&mut conn, b"", OK), 0);
    assert_eq!(lend(&mut conn, &[0xff; 3000], ERR_ARGUMENT), 0);
    assert_eq!(lend(&mut Conn::server(None), large, ERR_STATE), 0);
    assert_eq!(lend(&mut conn, large, OK), 1);
    assert_eq!(lend(&mut conn, large, ERR_LIMIT), 1);
    // The connection goes before it is written, or begins anew.
    drop(conn);
    assert_eq!(lender.lent(), 0);
    let mut conn = open(&limited);
    assert_eq!(lend(&mut conn, large, OK), 1);
    assert_eq!(conn.output_consumed(1500), OK);
    assert_eq!((conn.reset(Some(&ASK)), lender.lent()), (ERR_ARGUMENT, 1));
    assert_eq!((conn.reset(None), lender.lent()), (OK, 0));
    assert_eq!((conn.state(), conn.output_size()), (STATE_CONNECTING, 0));
    let events = receive(&mut conn, &Buffer::new(REQUEST.as_bytes()), 1);
    assert_eq!(kinds(&events), [EVENT_REQUEST]);
    assert_eq!((client.reset(None), client.reset(Some(&ASK))), (ERR_ARGUMENT, OK));
    assert!(take_output(&mut client).starts_with(b"GET /chat?room=1 HTTP/1.1\r\n"));
}

/// A large message is written by the caller into memory that nobody initialised,
/// in parts; taken away, it outlives its connection, and is sent by another.
#[test]
fn a_message_is_received_in_its_place_and_taken() {
    let message = b"0123456789abcdef".repeat(1100);
    let wire = frame(0x82, &message);
    let mut conn = open(&Config::new(&[]));
    assert_eq!(conn.recv_space(), (null_mut(), 0));
    assert!(receive(&mut conn, &Buffer::new(&wire[..16_800]), 1).is_empty());
    let mut at = 16_800;
    let mut events = Vec::new();
    while at < wire.len() {
        let (place, room) = conn.recv_space();
        // SAFETY: what is refused is not looked at; else, as much was written.
        unsafe {
            assert_eq!(conn.recv_commit(room + 1, 1).err(), Some(ERR_ARGUMENT));
            assert_eq!(conn.recv_commit(room, 0).err(), Some(ERR_ARGUMENT));
            let now = &wire[at..wire.len().min(at + room.min(333))];
            place.copy_from_nonoverlapping(now.as_ptr(), now.len());
            // To send ends nothing.
            assert_eq!(conn.send(wsabi_conn_send_binary, b"meanwhile"), OK);
            events = conn.recv_commit(now.len(), 1).unwrap();
            assert_eq!(conn.recv_commit(0, 1).err(), Some(ERR_STATE));
            at += now.len();
        }
    }
    assert_eq!((kinds(&events), conn.recv_space().1), (vec![EVENT_BINARY], 0));
    // The question for space ended the payload.
    assert_eq!(conn.take(&events[0]).err(), Some(ERR_STATE));

    let message = vec![b'm'; 3000];
    let wire = frame(0x82, &message);
    let (mut conn, event) = held(&wire);
    let taken = conn.take(&event).unwrap();
    assert_eq!(conn.take(&event).err(), Some(ERR_STATE));
    conn.interest();
    drop(conn);
    assert_eq!(payload_of(&taken, &event), message);
    let mut other = open(&Config::new(&[]));
    // SAFETY: it is the event of that payload.
    unsafe {
        let mut closed = Conn::server(None);
        let (status, taken) = closed.send_taken(taken, &event).unwrap_err();
        assert_eq!(status, ERR_STATE);
        assert!(other.send_taken(taken, &event).is_ok());
    }
    assert_eq!(take_output(&mut other), reply(0x82, &message));
    // Nobody sends this one.
    let (mut conn, event) = held(&wire);
    let taken = conn.take(&event).unwrap();
    drop(conn);
    drop(taken);
    // What lies in the caller's octets is the caller's.
    let input = Buffer::new(&frame(0x81, b"here"));
    let events = receive(&mut other, &input, 1);
    assert_eq!(other.take(&events[0]).err(), Some(ERR_STATE));
    drop(other);
    assert_eq!(payload(&events[0]), b"here");
}

/// Between the offer and the octets nothing else may be received: what was
/// offered is not looked at then.
#[test]
fn a_place_that_was_offered_is_lost_by_other_calls() {
    let wire = frame(0x81, &[b't'; 17_000]);
    let between: [fn(&mut Conn); 6] = [
        |conn| drop(conn.recv(&Buffer::new(&[]), 0, 1).unwrap()),
        |conn| drop(conn.handle_timeout(0, 1).unwrap()),
        |conn| assert_eq!(conn.interest(), INTEREST_READ),
        |conn| assert_eq!(kinds(&conn.recv_eof(1).unwrap()), [EVENT_CLOSED]),
        |conn| assert_eq!(conn.reset(None), OK),
        |conn| drop(receive(conn, &Buffer::new(&frame(0x81, &[b't'; 17_000])[16_500..]), 1)),
    ];
    for between in between {
        let mut conn = open(&Config::new(&[]));
        receive(&mut conn, &Buffer::new(&wire[..16_500]), 1);
        assert!(conn.recv_space().1 >= 500);
        between(&mut conn);
        // SAFETY: nothing is offered any more.
        unsafe {
            assert_eq!(conn.recv_commit(1, 1).err(), Some(ERR_STATE));
            assert_eq!(conn.recv_commit(0, 1).err(), Some(ERR_STATE));
        }
    }
    // Asked for twice, it is there once; and text is checked in its place.
    let mut conn = open(&Config::new(&[]));
    receive(&mut conn, &Buffer::new(&wire[..16_500]), 1);
    assert_eq!(conn.recv_space(), conn.recv_space());
    let (place, _) = conn.recv_space();
    // SAFETY: the octet was written.
    let events = unsafe {
        place.write(frame(0x81, &[0xff; 17_000])[16_500]);
        conn.recv_commit(1, 1).unwrap()
    };
    assert_eq!((kinds(&events), conn.failure()), (vec![EVENT_FAILED], 210));
}

/// A message that lies in its connection, as the whole wire brought it.
fn held(wire: &[u8]) -> (Conn, Event) {
    let mut conn = open(&Config::new(&[]));
    let (first, last) = wire.split_at(wire.len() / 2);
    receive(&mut conn, &Buffer::new(first), 1);
    let events = receive(&mut conn, &Buffer::new(last), 1);
    (conn, events[0])
}

/// Several threads send one message, which is freed before they write it.
#[test]
fn a_prepared_message_is_shared_by_threads() {
    let config = Config::new(&[]);
    let payload = [b'p'; 3000];
    let prepared = Prepared::new(Some(&config), MESSAGE_TEXT, &payload).unwrap();
    let small = Prepared::new(None, MESSAGE_BINARY, b"small").unwrap();
    let send = |mut conn: Conn| {
        assert_eq!(conn.send_prepared(&prepared), OK);
        assert_eq!(conn.send_prepared(&small), OK);
        assert_eq!(conn.send_as(MESSAGE_TEXT, b"begun", SEND_MORE), OK);
        assert_eq!(conn.send_prepared(&small), ERR_STATE);
        conn
    };
    let conns = thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(|| send(open(&config))));
        threads.map(|thread| thread.join().unwrap())
    });
    let mut client = send(Conn::open(None, ROLE_CLIENT, None).unwrap());
    assert_eq!(Conn::server(None).send_prepared(&small), ERR_STATE);
    drop((prepared, small));
    let expected = [reply(0x81, &payload), reply(0x82, b"small"), reply(0x01, b"begun")].concat();
    thread::scope(|scope| {
        for mut conn in conns {
            let expected = &expected;
            scope.spawn(move || assert_eq!(take_output(&mut conn), *expected));
        }
    });
    // A client masks a copy.
    let mut server = Conn::open(None, ROLE_SERVER, None).unwrap();
    let messages = [(EVENT_TEXT, 0, payload.to_vec()), (EVENT_BINARY, 0, b"small".to_vec())];
    assert_eq!(pass(&mut client, &mut server, 64), messages);
}

// ---- Deadlines, figures, lines ----

#[test]
fn what_a_deadline_lists() {
    let config = Config::new(&[
        (OPTION_OPENING_TIMEOUT, 10),
        (OPTION_PING_INTERVAL, 50),
        (OPTION_PONG_TIMEOUT, 30),
        (OPTION_CLOSING_TIMEOUT, 20),
    ]);
    let mut late = Conn::server(Some(&config));
    assert!(late.handle_timeout(100, 1).unwrap().is_empty());
    assert_eq!((late.deadline(), late.handle_timeout(110, 0).err()), (110, Some(ERR_ARGUMENT)));
    let events = late.handle_timeout(110, 1).unwrap();
    assert_eq!((kinds(&events), events[0].code, late.failure()), (vec![EVENT_FAILED], 408, 131));
    assert!(!payload(&events[0]).is_empty());
    assert!(take_output(&mut late).starts_with(b"HTTP/1.1 408 "));

    let mut conn = open(&config);
    assert_eq!(conn.deadline(), 0);
    assert!(conn.handle_timeout(0, 1).unwrap().is_empty());
    assert!(conn.handle_timeout(50, 1).unwrap().is_empty());
    let ping = take_output(&mut conn);
    assert_eq!((ping.len(), ping[0]), (10, 0x89));
    let pong = Buffer::new(&frame(0x8a, &ping[2..]));
    assert_eq!(kinds(&receive(&mut conn, &pong, 1)), [EVENT_PONG]);
    assert_eq!(conn.info(INFO_ROUND_TRIP), Err(ERR_NOT_FOUND));
    assert!(conn.handle_timeout(57, 1).unwrap().is_empty());
    assert_eq!((conn.info(INFO_ROUND_TRIP), conn.deadline()), (Ok(7), 100));
    assert!(conn.handle_timeout(100, 1).unwrap().is_empty());
    let events = conn.handle_timeout(130, 1).unwrap();
    assert_eq!((kinds(&events), events[0].code), (vec![EVENT_FAILED], 1011));
    // SAFETY: the payload lives until the next call that receives.
    assert_eq!(unsafe { conn.send_back(wsabi_conn_send_text, &events[0]) }, OK);
    assert_eq!(kinds(&conn.handle_timeout(150, 1).unwrap()), [EVENT_CLOSED]);
    assert_eq!((conn.deadline(), conn.state()), (u64::MAX, STATE_CLOSED));
}

/// The context goes with the last call that may use it.
#[test]
fn lines_are_told_to_a_context() {
    extern "C" fn keep(context: *mut c_void, line: *const c_char, len: usize) {
        // SAFETY: the context is such a list; the line lives during the call.
        unsafe { (*context.cast::<Vec<Vec<u8>>>()).push(copy(line.cast(), len)) }
    }
    let lines = Box::into_raw(Box::<Vec<Vec<u8>>>::default());
    let mut conn = open(&Config::new(&[(OPTION_COUNTERS, 1)]));
    // SAFETY: the list lives until the trace is ended.
    let lines = unsafe {
        assert_eq!(conn.set_trace(Some(keep), lines.cast()), OK);
        assert_eq!(conn.send_lent(MESSAGE_TEXT, &[b'l'; 3000], 0, &Lender::default()), OK);
        receive(&mut conn, &Buffer::new(&frame(0x81, b"secret")), 1);
        assert_eq!(conn.close(1000, b"secret"), OK);
        assert_eq!(conn.set_trace(None, null_mut()), OK);
        *Box::from_raw(lines)
    };
    let lines: Vec<_> = lines.into_iter().map(|line| String::from_utf8(line).unwrap()).collect();
    assert_eq!(lines, ["out Text 3000", "in Text 6", "out Close 8", "state Closing"]);
    receive(&mut conn, &Buffer::new(&frame(0x89, b"")), 1);
    let counted = [INFO_MESSAGES_RECEIVED, INFO_PINGS_RECEIVED, INFO_FRAMES_SENT];
    assert_eq!(counted.map(|key| conn.info(key)), [Ok(1), Ok(1), Ok(2)]);
    for key in 1..=INFO_DEFLATE_PEER_TAKEOVER {
        assert!(matches!(conn.info(key), Ok(_) | Err(ERR_NOT_FOUND)));
    }
}

#[test]
fn messages_in_pieces_are_marked() {
    let mut conn = open(&Config::new(&[(OPTION_MESSAGE_PIECES, 1)]));
    let wire = frame(0x82, b"0123456789");
    let mut listed = Vec::new();
    for piece in [&wire[..8], &wire[8..9], &wire[9..]] {
        let input = Buffer::new(piece);
        let events = receive(&mut conn, &input, 2);
        assert_eq!(conn.take(&events[0]).err(), Some(ERR_STATE));
        assert_eq!(conn.recv_space().1, 0);
        listed.push((events[0].flags, payload(&events[0])));
    }
    let pieces =
        [(FLAG_FIRST, b"01".to_vec()), (0, b"2".to_vec()), (FLAG_LAST, b"3456789".to_vec())];
    assert_eq!(listed, pieces);
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
        let config = Config::new(&[
            (OPTION_AUTO_ACCEPT, random.below(2) as u64),
            (OPTION_MESSAGE_PIECES, u64::from(random.below(4) == 0)),
            (OPTION_COUNTERS, random.below(2) as u64),
            (OPTION_OUTPUT_HIGH_MARK, 5000),
            (OPTION_OUTPUT_LOW_MARK, 100),
            (OPTION_PING_INTERVAL, 500),
            (OPTION_IDLE_TIMEOUT, 9000),
        ]);
        let (mut conn, mut wire) = if random.below(4) == 0 {
            let refusal = b"HTTP/1.1 404 \r\nContent-Length: 100\r\n\r\n".to_vec();
            (Conn::client(Some(&config), &ASK).unwrap(), refusal)
        } else {
            (Conn::server(Some(&config)), REQUEST.into())
        };
        let large = frame(0x82, &[b'l'; 17_000]);
        wire.extend([conversation(), large, conversation()].concat());
        wire.truncate(wire.len() - frame(0x88, b"\x03\xe8bye").len());
        // What the last events point to lives until the next call that receives.
        let mut last = Last { input: Buffer::new(b""), events: Vec::new(), taken: Vec::new() };
        let (mut now, lender) = (0, Lender::default());
        for _ in 0..200 {
            let status = match random.below(4) {
                0 => any_new_call(&mut conn, &mut random, &mut wire, &mut last, &mut now, &lender),
                _ => any_call(&mut conn, &mut random, &mut wire, &mut last),
            };
            assert!((ERR_NOT_FOUND..=OK).contains(&status), "seed {seed}: status {status}");
            assert!(conn.output_size() > 0 || lender.lent() == 0);
        }
        drop(conn);
        assert_eq!(lender.lent(), 0);
        last.taken.iter().for_each(|(taken, event)| drop(payload_of(taken, event)));
    }
}

/// What a host may look at.
struct Last {
    input: Buffer,
    events: Vec<Event>,
    taken: Vec<(Taken, Event)>,
}

fn any_call(conn: &mut Conn, random: &mut Random, wire: &mut Vec<u8>, last: &mut Last) -> Status {
    let payload = vec![b'p'; random.below(130)];
    match random.below(16) {
        0..4 => {
            let most = if random.below(8) == 0 { 17_000 } else { 40 };
            let len = random.below(most).min(wire.len());
            let input = Buffer::new(&wire[..len]);
            match conn.recv(&input, 0, random.below(3)) {
                Ok((used, events)) => {
                    wire.drain(..used);
                    (last.input, last.events) = (input, events);
                }
                Err(status) => return status,
            }
        }
        4..6 => {
            for event in &last.events {
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
            last.events.clear();
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
            last.events.clear();
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
            last.events.clear();
            return conn.redirect(307, b"/elsewhere");
        }
        15 if random.below(30) == 0 => {
            last.events.clear();
            return conn.recv_eof(random.below(2)).err().unwrap_or(OK);
        }
        _ => {}
    }
    OK
}

fn any_new_call(
    conn: &mut Conn,
    random: &mut Random,
    wire: &mut Vec<u8>,
    last: &mut Last,
    now: &mut u64,
    lender: &Lender,
) -> Status {
    let payload = vec![b'p'; [0, 100, 2048][random.below(3)]];
    let (kind, flags) = (random.below(3) as u32, random.below(8) as u32);
    match random.below(12) {
        0..3 => {
            let (place, room) = conn.recv_space();
            last.events.clear();
            if random.below(8) == 0 {
                conn.interest();
            }
            let len = random.below(room + 2).min(wire.len());
            // SAFETY: what fits was written; what does not is refused.
            let result = unsafe {
                if len <= room {
                    place.copy_from_nonoverlapping(wire.as_ptr(), len);
                }
                conn.recv_commit(len, random.below(3))
            };
            match result {
                Ok(events) => {
                    wire.drain(..len);
                    last.events = events;
                }
                Err(status) => return status,
            }
        }
        3 | 4 => return conn.send_as(kind, &payload, flags),
        5 | 6 => return conn.send_lent(kind, &payload, flags, lender),
        7 => {
            let Some(event) = last.events.pop() else { return OK };
            match conn.take(&event) {
                Ok(taken) => last.taken.push((taken, event)),
                Err(status) => return status,
            }
        }
        8 => {
            let Some((taken, event)) = last.taken.pop() else { return OK };
            // SAFETY: it is the event of that payload.
            return unsafe { conn.send_taken(taken, &event) }
                .err()
                .map_or(OK, |(status, _)| status);
        }
        9 => {
            let Ok(prepared) = Prepared::new(None, kind, &payload) else { return ERR_UNSUPPORTED };
            return conn.send_prepared(&prepared);
        }
        10 => {
            *now += random.below(400) as u64;
            conn.deadline();
            match conn.handle_timeout(*now, random.below(3)) {
                Ok(events) => last.events = events,
                Err(status) => return status,
            }
        }
        _ if random.below(20) == 0 => {
            last.events.clear();
            wire.splice(..0, REQUEST.bytes());
            return conn.reset([None, Some(&ASK)][random.below(2)]);
        }
        _ => return conn.info(random.below(17) as u32).err().unwrap_or(OK),
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

/// No event that was listed.
const NOTHING: Event = Event { kind: 0, flags: 0, code: 0, data: null(), len: 0 };

/// A `wsabi_release_fn` whose context is a number.
extern "C" fn count_up(context: *mut c_void) {
    // SAFETY: see above.
    unsafe { *context.cast::<u64>() += 1 }
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

/// The payload of an event that was taken.
fn payload_of(_: &Taken, event: &Event) -> Vec<u8> {
    payload(event)
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
