//! The parts of a request target, RFC 3986 section 3 and RFC 6455 section 3.

use alloc::vec::Vec;

/// The path: without query and, for a whole URI, without scheme and authority.
#[must_use]
pub fn path(target: &[u8]) -> &[u8] {
    let target = target.split(|&octet| octet == b'?').next().unwrap_or_default();
    let Some(scheme_end) = find(target, b"://") else { return target };
    if target.starts_with(b"/") {
        return target;
    }
    let rest = target.get(scheme_end + 3..).unwrap_or_default();
    // RFC 9110 4.2.3: an empty path is "/".
    match rest.iter().position(|&octet| octet == b'/') {
        Some(at) => rest.get(at..).unwrap_or_default(),
        None => b"/",
    }
}

/// Host and port of a whole URI; `None` for a path.
#[must_use]
pub fn authority(target: &[u8]) -> Option<&[u8]> {
    let start = find(target, b"://").filter(|_| !target.starts_with(b"/"))? + 3;
    target.get(start..)?.split(|octet| b"/?".contains(octet)).next()
}

/// What stands behind the first `?`, as it is.
#[must_use]
pub fn query(target: &[u8]) -> Option<&[u8]> {
    let at = target.iter().position(|&octet| octet == b'?')?;
    target.get(at + 1..)
}

/// The value of the first parameter of that name, decoded as a form is
/// (application/x-www-form-urlencoded): `%41` is `A`, `+` is a space.
#[must_use]
pub fn query_parameter(target: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    query(target)?.split(|&octet| octet == b'&').find_map(|pair| {
        let mut halves = pair.splitn(2, |&octet| octet == b'=');
        let is_it = decode(halves.next()?) == name;
        is_it.then(|| decode(halves.next().unwrap_or_default()))
    })
}

fn decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, behind @ ..] = rest {
        (rest, _) = match (first, behind) {
            (b'+', _) => (behind, decoded.push(b' ')),
            (b'%', [high, low, behind @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                let octet = hex(*high).unwrap_or_default() << 4 | hex(*low).unwrap_or_default();
                (behind, decoded.push(octet))
            }
            (octet, _) => (behind, decoded.push(*octet)),
        };
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
