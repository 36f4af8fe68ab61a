//! Links the delivered libwsabi and Debian's libwslay.
//!
//! `WSABI_LIB_DIR` is where libwsabi is (default: `../target/release`);
//! `WSABI_LINK` is `shared` (default: it is what users call) or `static`.

use std::env;
use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-env-changed=WSABI_LIB_DIR");
    println!("cargo::rerun-if-env-changed=WSABI_LINK");

    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let directory = env::var("WSABI_LIB_DIR").unwrap_or_else(|_| "../target/release".to_owned());
    let directory = package.join(directory);
    let directory = directory.canonicalize().unwrap_or(directory);
    println!("cargo::rustc-link-search=native={}", directory.display());

    match env::var("WSABI_LINK").as_deref() {
        Err(_) | Ok("shared") => {
            println!("cargo::rustc-link-lib=dylib=wsabi");
            println!("cargo::rustc-link-arg=-Wl,-rpath,{}", directory.display());
        }
        Ok("static") => {
            println!("cargo::rerun-if-changed={}", directory.join("libwsabi.a").display());
            println!("cargo::rustc-link-lib=static:-bundle=wsabi");
            // Both it and this package contain Rust's standard library. C programs
            // have one; here the two have to be of the same toolchain.
            println!("cargo::rustc-link-arg=-Wl,--allow-multiple-definition");
        }
        Ok(other) => panic!("WSABI_LINK is {other}; it can be shared or static"),
    }
    println!("cargo::rustc-link-lib=dylib=wslay");
}
