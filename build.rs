//! Regenerates `include/wsabi.h` and `include/wsabi.ffi.h` from `src/ffi`.
//!
//! The headers are committed. They are written only when the text changes, so a
//! packaged source tree, whose headers are current, is never modified.

#![allow(clippy::expect_used, clippy::panic, reason = "a build that cannot go on says so")]

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=src/ffi");
    println!("cargo::rerun-if-changed=cbindgen.toml");
    println!("cargo::rerun-if-changed=include/wsabi.h");
    println!("cargo::rerun-if-changed=include/wsabi.ffi.h");
    // A program's own symbols must not replace ours inside the library. It exports functions
    // alone, and `-Bsymbolic-functions` is not known to every linker: not to zig's.
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-Bsymbolic");
    }
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let mut config =
        cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml is valid");
    config.header = Some(RULES.to_owned());
    config.after_includes = Some(macros());
    if let Some(header) = generate(&root, config.clone()) {
        header.write_to_file(root.join("include/wsabi.h"));
    }
    // What only C and C++ can read goes.
    config.header = None;
    config.after_includes = None;
    config.include_guard = None;
    config.sys_includes.clear();
    config.cpp_compat = false;
    config.documentation = false;
    config.function.prefix = None;
    if let Some(header) = generate(&root, config) {
        let mut text = Vec::new();
        header.write(&mut text);
        write_flat(&root.join("include/wsabi.ffi.h"), &String::from_utf8_lossy(&text));
    }
}

fn generate(root: &Path, config: cbindgen::Config) -> Option<cbindgen::Bindings> {
    // cbindgen follows `mod x;` from here; naming the files one by one would
    // declare every function twice.
    let generated = cbindgen::Builder::new()
        .with_src(root.join("src/ffi/mod.rs"))
        .with_config(config)
        .generate();
    match generated {
        Ok(header) => Some(header),
        // rustc reports syntax errors better than we do.
        Err(cbindgen::Error::ParseSyntaxError { .. }) => None,
        Err(error) => panic!("cbindgen: {error}"),
    }
}

/// Writes a header without directives, as LuaJIT, PHP and cffi load it: its
/// `#define NAME number` become one `enum`.
fn write_flat(path: &Path, header: &str) {
    let mut constants = String::new();
    let mut declarations = String::new();
    for line in header.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("#define ").and_then(|define| define.split_once(' ')) {
            Some((name, value)) => constants.push_str(&format!("  {name} = {value},\n")),
            None => declarations.push_str(&format!("{line}\n")),
        }
    }
    let flat = format!("enum {{\n{constants}}};\n{declarations}");
    assert!(!flat.contains(['#', '"']) && !flat.contains("//"), "{flat}");
    if fs::read_to_string(path).ok().as_ref() != Some(&flat) {
        fs::write(path, flat).expect("include is writable");
    }
}

const RULES: &str = "\
// wsabi: the WebSocket protocol (RFC 6455) as a library, without sockets.
// Generated from src/ffi by cbindgen; do not edit.
//
// Rules for every call
//
// 1. A negative status means that the caller broke a rule: nothing changed, no
//    out-parameter was written. What the peer did is reported as events.
// 2. Pointers must not be NULL unless a function says so; NULL gives
//    WSABI_ERR_NULL. (NULL, 0) is a valid empty range. Lengths are in octets
//    unless a function says otherwise; one that no range in memory can have
//    (above PTRDIFF_MAX) gives WSABI_ERR_ARGUMENT.
// 3. Functions that take `const T *` may run concurrently on one object; all
//    others need exclusive access. Different objects are independent. There are
//    no globals and no thread-locals. A callback (`wsabi_release_fn`,
//    `wsabi_trace_fn`) runs inside a call on its connection, which it must not use.
// 4. What `wsabi_x_new` returns is freed with `wsabi_x_free`, by any thread,
//    never with `free`. Freeing NULL is allowed.
// 5. Payloads of events are valid until the next call of wsabi_conn_recv,
//    _recv_eof, _recv_space, _recv_commit, _handle_timeout, _interest, _reset or
//    _free on that connection, and inside the caller's buffer only as long as the
//    buffer is kept. Sending does not invalidate them: an echo is legal.
// 6. Out-parameters may be uninitialized and must not overlap each other or
//    input. No pointer that is passed in is kept after the call, unless a function
//    says so.
// 7. After WSABI_ERR_INTERNAL (a bug in wsabi) only _free may be called.
";

/// What only C's preprocessor can say.
fn macros() -> String {
    let version = env::var("CARGO_PKG_VERSION").expect("cargo sets it");
    let part = |name: &str| env::var(format!("CARGO_PKG_VERSION_{name}")).expect("cargo sets it");
    format!(
        r#"
#ifndef WSABI_API
#define WSABI_API
#endif

// Version of this header; wsabi_version() is that of the loaded library.
#define WSABI_VERSION "{version}"
// Its first number: programs of another one do not run.
#define WSABI_VERSION_MAJOR {major}
// Its second number: what a larger one adds may be missing in a smaller one.
#define WSABI_VERSION_MINOR {minor}
// Its third number: nothing was added or removed.
#define WSABI_VERSION_PATCH {patch}

// Initial value of a `wsabi_response`.
#define WSABI_RESPONSE_INIT {{sizeof(wsabi_response), 0, 0, NULL, 0, NULL, 0}}
// Initial value of a `wsabi_client_request`.
#define WSABI_CLIENT_REQUEST_INIT \
  {{sizeof(wsabi_client_request), {{NULL, 0}}, {{NULL, 0}}, {{NULL, 0}}, NULL, 0}}
// Initial value of a `wsabi_metrics`.
#define WSABI_METRICS_INIT {{sizeof(wsabi_metrics), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}
// Initial value of a `wsabi_request`.
#define WSABI_REQUEST_INIT \
  {{sizeof(wsabi_request), WSABI_HTTP_1_1, 0, {{NULL, 0}}, {{NULL, 0}}, {{NULL, 0}}, {{NULL, 0}}, NULL, 0}}
"#,
        major = part("MAJOR"),
        minor = part("MINOR"),
        patch = part("PATCH"),
    )
}
