//! Configuration.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::mem::MaybeUninit;

use libc::c_char;

use super::version::{WSABI_ERR_UNSUPPORTED, wsabi_status};
use super::{WSABI_ERR_ARGUMENT, WSABI_ERR_NOT_FOUND, WSABI_ERR_STATE, guard, some, text};
use crate::conn::{Config, ConfigError, OptionKey};

/// What connections have in common: limits and policies. Made once, then shared
/// by any number of connections and threads. While a connection uses it, it is
/// immutable.
///
/// Methods: `wsabi_config_new`, `_free`, `_set`, `_get`, `_add_subprotocol`,
/// `_add_origin`, `_add_resource`, `_set_close_reason`.
pub struct wsabi_config(pub(super) Arc<Config>);

/// Makes a config in which every option has its default value.
///
/// Writes `*out`, which the caller frees with `wsabi_config_free`.
///
/// Returns `WSABI_OK` or `WSABI_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_config_new(
    out: Option<&mut MaybeUninit<Option<Box<wsabi_config>>>>,
) -> wsabi_status {
    guard(|| {
        some(out)?.write(Some(Box::new(wsabi_config(Arc::new(Config::default())))));
        Ok(())
    })
}

/// Drops the caller's reference to a config. Connections that use it keep
/// theirs. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_config_free(config: Option<Box<wsabi_config>>) {
    guard(|| {
        drop(config);
        Ok(())
    });
}

/// Key of an option, for `wsabi_config_set`. Values are pinned; keys may be
/// added.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct wsabi_option(u32);

/// Octets that the head of an opening handshake may have. A longer one is
/// answered with 431. Default 16,384.
pub const WSABI_OPTION_MAX_HEAD_SIZE: wsabi_option = wsabi_option(1);
/// Header fields that a head may have. More are answered with 431. Default 100.
pub const WSABI_OPTION_MAX_HEADERS: wsabi_option = wsabi_option(2);
/// Octets that the payload of one frame may have; more fail with 1009. Default:
/// no limit but that of the message.
pub const WSABI_OPTION_MAX_FRAME_SIZE: wsabi_option = wsabi_option(3);
/// Octets that a message may have; more fail with 1009, as soon as the header
/// of the frame that passes the limit is there. Default 16,777,216.
pub const WSABI_OPTION_MAX_MESSAGE_SIZE: wsabi_option = wsabi_option(4);
/// Frames that a message may have, empty ones included; more fail with 1008.
/// Default 131,072.
pub const WSABI_OPTION_MAX_FRAGMENTS: wsabi_option = wsabi_option(5);
/// Octets of queued output from which on `wsabi_conn_interest` no longer asks
/// for READ, so that a peer that does not read is no longer read from. Default
/// 262,144.
pub const WSABI_OPTION_OUTPUT_HIGH_MARK: wsabi_option = wsabi_option(6);
/// Octets of output that may be queued. A message that would pass it is refused
/// with `WSABI_ERR_LIMIT`. Default 67,108,864. For an echo it should be at least
/// the high mark, plus the largest message, plus what is read at once; with
/// permessage-deflate, 32 times of that.
pub const WSABI_OPTION_MAX_OUTPUT: wsabi_option = wsabi_option(7);
/// 1: a correct opening handshake is accepted as by `wsabi_conn_accept(conn,
/// NULL, 0, NULL)`, and the event is OPEN instead of REQUEST. Default 0.
pub const WSABI_OPTION_AUTO_ACCEPT: wsabi_option = wsabi_option(8);
/// 1: a request that is well-formed HTTP and makes no attempt at an opening
/// handshake is the event HTTP_REQUEST, which the application answers with
/// `wsabi_conn_reject`. 0: it is answered with 426. Default 0.
pub const WSABI_OPTION_PLAIN_HTTP: wsabi_option = wsabi_option(9);

/// Whose order decides when several subprotocols are in common: a
/// `WSABI_PREFERENCE_*`. Default 0.
pub const WSABI_OPTION_SUBPROTOCOL_PREFERENCE: wsabi_option = wsabi_option(10);
/// What becomes of a client that names no subprotocol, when the config has some:
/// a `WSABI_POLICY_*`. Default 0.
pub const WSABI_OPTION_SUBPROTOCOL_ABSENT: wsabi_option = wsabi_option(11);
/// What becomes of a client that names none of the config's subprotocols, when
/// it has some: a `WSABI_POLICY_*`. Default 0.
pub const WSABI_OPTION_SUBPROTOCOL_MISMATCH: wsabi_option = wsabi_option(12);
/// HTTP status of `WSABI_POLICY_REJECT`: 400 to 599, but not 401 and 407.
/// Default 400.
pub const WSABI_OPTION_SUBPROTOCOL_REJECT_STATUS: wsabi_option = wsabi_option(13);
/// Status code of the Close of `WSABI_POLICY_CLOSE`. Default 1,008.
pub const WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE: wsabi_option = wsabi_option(14);
/// 1: requests are taken whose Origin names the host and port of their Host, as
/// those of `wsabi_config_add_origin` are, and others not. Default 0.
pub const WSABI_OPTION_ALLOW_SAME_HOST: wsabi_option = wsabi_option(15);
/// Octets of a response's body that a client keeps for the event REJECTED.
/// Default 65,536.
pub const WSABI_OPTION_MAX_REJECTION_BODY: wsabi_option = wsabi_option(16);

/// 1: permessage-deflate (RFC 7692) is negotiated: a server agrees to it when a
/// client offers it, a client offers it. Default 1. In a library that was built
/// without it the default is 0, and nothing else is taken.
pub const WSABI_OPTION_DEFLATE: wsabi_option = wsabi_option(17);
/// Level of compression, 1 (fast) to 9 (small). Default 3.
pub const WSABI_OPTION_DEFLATE_LEVEL: wsabi_option = wsabi_option(18);
/// Memory of a compressor as a level, 1 to 9. A context that compresses takes
/// 134,272 octets, 4 times its window of at least 512, and 7 times 2 to the power
/// of this plus 6: by default 380,032, at least 137,216. One that inflates takes
/// 47,552 whatever is set, and 32,768 more with context takeover. Default 8.
pub const WSABI_OPTION_DEFLATE_MEMORY_LEVEL: wsabi_option = wsabi_option(19);
/// Octets from which on a message is compressed; smaller ones gain little or
/// nothing. Default 256.
pub const WSABI_OPTION_DEFLATE_MIN_SIZE: wsabi_option = wsabi_option(20);
/// Largest window of the server's compressor, as the logarithm of its octets: 8
/// to 15 (RFC 7692 7.1.2.1). Default 15.
pub const WSABI_OPTION_SERVER_MAX_WINDOW_BITS: wsabi_option = wsabi_option(21);
/// The same of the client's (RFC 7692 7.1.2.2); a server can ask for it only when
/// the client offers to. Default 15.
pub const WSABI_OPTION_CLIENT_MAX_WINDOW_BITS: wsabi_option = wsabi_option(22);
/// 1: the server's compressor forgets each message (RFC 7692 7.1.1.1), so that
/// contexts are shared by all connections of the config, of which at most 16 of
/// each kind wait for the next message. 0: it keeps a context for each connection,
/// from the first message on, unless the client demands otherwise. Default 1.
pub const WSABI_OPTION_SERVER_NO_CONTEXT_TAKEOVER: wsabi_option = wsabi_option(23);
/// The same of the client's compressor, and so of the server's memory for what it
/// receives (RFC 7692 7.1.1.2). Default 1.
pub const WSABI_OPTION_CLIENT_NO_CONTEXT_TAKEOVER: wsabi_option = wsabi_option(24);

/// Milliseconds for the client's request to arrive, and for a client the server's
/// response; see `wsabi_conn_handle_timeout`. A server answers 408. It does not
/// limit the application's decision. 0: no limit. Default 10,000.
pub const WSABI_OPTION_OPENING_TIMEOUT: wsabi_option = wsabi_option(25);
/// Milliseconds that the peer has for the end of the connection: from our Close,
/// our refusal or a failure on, and from the last octet on that it took since.
/// What it did not take by then is dropped, also when it ended its side itself. 0:
/// no limit. Default 10,000.
pub const WSABI_OPTION_CLOSING_TIMEOUT: wsabi_option = wsabi_option(26);
/// Milliseconds between pings that the library sends by itself (RFC 6455 5.5.2),
/// so that proxies keep the connection and a dead peer is found. The pongs are
/// events as any. 0: none. Default 0.
pub const WSABI_OPTION_PING_INTERVAL: wsabi_option = wsabi_option(27);
/// Milliseconds for the pong to such a ping; any octet of the peer's counts for
/// it, as it may be in the middle of a large message. Then the connection fails
/// with 1011. 0: no limit. Default 20,000.
pub const WSABI_OPTION_PONG_TIMEOUT: wsabi_option = wsabi_option(28);
/// Milliseconds without an octet from the peer, pongs included, after which an
/// open connection fails with 1001. 0: no limit. Default 0.
pub const WSABI_OPTION_IDLE_TIMEOUT: wsabi_option = wsabi_option(29);

/// Octets of queued output below which a queue that had reached
/// `WSABI_OPTION_OUTPUT_HIGH_MARK`, or had no room for a message, is drained: the
/// event DRAINED is listed, and `wsabi_conn_interest` asks for READ again. Above
/// the high mark it counts as the high mark. Default 65,536.
pub const WSABI_OPTION_OUTPUT_LOW_MARK: wsabi_option = wsabi_option(30);
/// 1: messages are listed in pieces as their octets arrive, so that one of any
/// size passes in constant memory: `WSABI_FLAG_FIRST` and `WSABI_FLAG_LAST` mark
/// the ends. `WSABI_OPTION_MAX_MESSAGE_SIZE` still counts. Default 0.
pub const WSABI_OPTION_MESSAGE_PIECES: wsabi_option = wsabi_option(31);
/// 1: a connection counts what goes in and out, for `wsabi_conn_info`, and has
/// 100 octets more for it. Default 0.
pub const WSABI_OPTION_COUNTERS: wsabi_option = wsabi_option(32);
/// Connections that a server has at most; what is beyond is closed at once. Default
/// 16,777,216.
pub const WSABI_OPTION_MAX_CONNECTIONS: wsabi_option = wsabi_option(33);
/// Connections that a server has at most from one address, 0 for as many as in all.
/// Default 0.
pub const WSABI_OPTION_MAX_CONNECTIONS_PER_ADDRESS: wsabi_option = wsabi_option(34);
/// Octets that a server reads at once; its buffer is as large. Default 262,144.
pub const WSABI_OPTION_READ_SIZE: wsabi_option = wsabi_option(35);

/// The server's order of preference: that of the config.
pub const WSABI_PREFERENCE_SERVER: u64 = 0;
/// The client's order of preference: that of the request.
pub const WSABI_PREFERENCE_CLIENT: u64 = 1;

/// Accept without a subprotocol, RFC 6455 4.2.2. A browser that named some fails
/// the connection by itself then.
pub const WSABI_POLICY_ACCEPT: u64 = 0;
/// Refuse with `WSABI_OPTION_SUBPROTOCOL_REJECT_STATUS`.
pub const WSABI_POLICY_REJECT: u64 = 1;
/// Accept, then close with `WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE` and the reason
/// of `wsabi_config_set_close_reason`: a browser's script can read these, but no
/// response.
pub const WSABI_POLICY_CLOSE: u64 = 2;

/// Sets an option. `wsabi_option_info` tells the bounds.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_UNSUPPORTED` for a key that
/// this library does not know; `WSABI_ERR_ARGUMENT` for a value out of bounds;
/// `WSABI_ERR_STATE` while a connection uses the config.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_config_set(
    config: Option<&mut wsabi_config>,
    option: wsabi_option,
    value: u64,
) -> wsabi_status {
    guard(|| {
        let config = editable(config)?;
        let key = OptionKey::from_number(option.0).ok_or(WSABI_ERR_UNSUPPORTED)?;
        Ok(config.set(key, value)?)
    })
}

/// Reads an option into `*value`.
///
/// Returns `WSABI_OK`, `WSABI_ERR_NULL`, or `WSABI_ERR_UNSUPPORTED` for a key
/// that this library does not know.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_config_get(
    config: Option<&wsabi_config>,
    option: wsabi_option,
    value: Option<&mut MaybeUninit<u64>>,
) -> wsabi_status {
    guard(|| {
        let (config, value) = (some(config)?, some(value)?);
        let key = OptionKey::from_number(option.0).ok_or(WSABI_ERR_UNSUPPORTED)?;
        value.write(config.0.get(key));
        Ok(())
    })
}

/// Row of the table of options, for bindings and command lines. Set
/// `struct_size` to `sizeof(wsabi_option_row)` before the call.
#[repr(C)]
pub struct wsabi_option_row {
    /// Octets of this struct in the caller's header.
    pub struct_size: usize,
    /// Name in lower case, such as "max_message_size". Static.
    pub name: *const c_char,
    /// Unit of the value, such as "octets". Static.
    pub unit: *const c_char,
    /// Default value.
    pub default_value: u64,
    /// Smallest value allowed.
    pub minimum: u64,
    /// Largest value allowed.
    pub maximum: u64,
    /// Key for `wsabi_config_set`.
    pub option: wsabi_option,
    /// Always 0.
    pub reserved: u32,
}

/// Reads row `index` of the table of options, from 0, into `*row`.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when
/// `row->struct_size` is smaller than that of the first release;
/// `WSABI_ERR_NOT_FOUND` behind the last row.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_option_info(
    index: usize,
    row: Option<&mut MaybeUninit<wsabi_option_row>>,
) -> wsabi_status {
    guard(|| {
        let row = some(row)?;
        // SAFETY: the header's rules: the caller set this field, if no other.
        let struct_size = unsafe { (&raw const (*row.as_ptr()).struct_size).read() };
        if struct_size < size_of::<wsabi_option_row>() {
            return Err(WSABI_ERR_ARGUMENT);
        }
        let info = OptionKey::table().get(index).ok_or(WSABI_ERR_NOT_FOUND)?;
        row.write(wsabi_option_row {
            struct_size,
            name: info.name.as_ptr(),
            unit: info.unit.as_ptr(),
            default_value: info.default,
            minimum: info.minimum,
            maximum: info.maximum,
            option: wsabi_option(info.key.number()),
            reserved: 0,
        });
        Ok(())
    })
}

/// Adds a subprotocol that the application speaks, behind those added before:
/// the order is the order of preference. `name` is a token of `len` octets; its
/// case matters. Without any, every client is accepted and none is chosen.
///
/// RFC 6455 4.2.2. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT`
/// when the name is empty, no token or there already; `WSABI_ERR_STATE` while a
/// connection uses the config.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_config_add_subprotocol(
    config: Option<&mut wsabi_config>,
    name: *const c_char,
    len: usize,
) -> wsabi_status {
    guard(|| {
        let config = editable(config)?;
        // SAFETY: the header's rules: the range is readable.
        let name = unsafe { text(name, len) }?;
        Ok(config.add_subprotocol(name)?)
    })
}

/// Adds an origin from which requests are taken, such as "https://example.com".
/// Once there is one, requests with another Origin, or none, are answered with
/// 403 and are the event FAILED. Scheme and host are compared without case, the
/// port with the scheme's own as default; "null" is an origin like others.
///
/// RFC 6454 4 to 6, RFC 6455 10.2. Returns `WSABI_OK`; `WSABI_ERR_NULL`;
/// `WSABI_ERR_ARGUMENT` when it is no serialised origin; `WSABI_ERR_STATE` while a
/// connection uses the config.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_config_add_origin(
    config: Option<&mut wsabi_config>,
    origin: *const c_char,
    len: usize,
) -> wsabi_status {
    guard(|| {
        let config = editable(config)?;
        // SAFETY: the header's rules: the range is readable.
        let origin = unsafe { text(origin, len) }?;
        Ok(config.add_origin(origin)?)
    })
}

/// Adds the path of a resource, such as "/chat". Once there is one, requests for
/// another path are answered with 404 and are the event FAILED. It is compared
/// octet by octet with the target up to its query.
///
/// RFC 6455 4.2.2. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT`
/// when it does not begin with "/", or holds "?", "#" or what is not visible
/// ASCII; `WSABI_ERR_STATE` while a connection uses the config.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_config_add_resource(
    config: Option<&mut wsabi_config>,
    path: *const c_char,
    len: usize,
) -> wsabi_status {
    guard(|| {
        let config = editable(config)?;
        // SAFETY: the header's rules: the range is readable.
        let path = unsafe { text(path, len) }?;
        Ok(config.add_resource(path)?)
    })
}

/// Sets the reason of the Close of `WSABI_POLICY_CLOSE`: UTF-8 of at most 123
/// octets. Default: none.
///
/// RFC 6455 5.5.1. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT`
/// for another reason; `WSABI_ERR_STATE` while a connection uses the config.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_config_set_close_reason(
    config: Option<&mut wsabi_config>,
    reason: *const c_char,
    len: usize,
) -> wsabi_status {
    guard(|| {
        let config = editable(config)?;
        // SAFETY: the header's rules: the range is readable.
        let reason = unsafe { text(reason, len) }?;
        Ok(config.set_close_reason(reason)?)
    })
}

fn editable(config: Option<&mut wsabi_config>) -> super::Result<&mut Config> {
    Arc::get_mut(&mut some(config)?.0).ok_or(WSABI_ERR_STATE)
}

impl From<ConfigError> for wsabi_status {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::OutOfBounds
            | ConfigError::BadSubprotocol
            | ConfigError::BadOrigin
            | ConfigError::BadResource
            | ConfigError::BadReason => WSABI_ERR_ARGUMENT,
        }
    }
}
