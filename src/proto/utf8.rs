//! Incremental UTF-8, RFC 6455 section 8.1 and RFC 3629.

/// Checks text that arrives in pieces, and fails at the first piece after which
/// no valid text is possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Utf8 {
    /// The octets of a character whose end has not arrived.
    begun: [u8; 3],
    begun_len: u8,
}

/// The text is not UTF-8, and no continuation can make it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUtf8;

impl Utf8 {
    /// Checks the next piece.
    ///
    /// # Errors
    /// When the text so far is not the beginning of a valid text.
    #[inline]
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), InvalidUtf8> {
        if self.begun_len == 0 {
            return self.feed_from_boundary(piece);
        }
        self.feed_inside(piece)
    }

    /// Whether the text so far does not end inside a character.
    #[inline]
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.begun_len == 0
    }

    fn feed_inside(&mut self, mut piece: &[u8]) -> Result<(), InvalidUtf8> {
        while let (false, Some((&octet, rest))) = (self.is_complete(), piece.split_first()) {
            let len = usize::from(self.begun_len);
            let mut character = [0; 4];
            for (place, value) in
                character.iter_mut().zip(self.begun.iter().take(len).chain(&[octet]))
            {
                *place = *value;
            }
            let character = character.get(..=len).unwrap_or_default();
            match core::str::from_utf8(character) {
                Ok(_) => self.begun_len = 0,
                Err(error) if error.error_len().is_none() => self.begin(character),
                Err(_) => return Err(InvalidUtf8),
            }
            piece = rest;
        }
        self.feed_from_boundary(piece)
    }

    #[inline]
    fn feed_from_boundary(&mut self, piece: &[u8]) -> Result<(), InvalidUtf8> {
        let (whole, begun) = piece.split_at(piece.len() - begun_at_end(piece));
        simdutf8::basic::from_utf8(whole).map_err(|_| InvalidUtf8)?;
        if !begun.is_empty() {
            match core::str::from_utf8(begun) {
                Err(error) if error.error_len().is_none() => self.begin(begun),
                _ => return Err(InvalidUtf8),
            }
        }
        Ok(())
    }

    fn begin(&mut self, character: &[u8]) {
        self.begun_len = character.len() as u8;
        for (place, value) in self.begun.iter_mut().zip(character) {
            *place = *value;
        }
    }
}

/// A whole text, when it is valid.
#[inline]
#[must_use]
pub fn utf8(text: &[u8]) -> Option<&str> {
    simdutf8::basic::from_utf8(text).ok()
}

/// How many octets at the end are a character that lacks octets.
fn begun_at_end(piece: &[u8]) -> usize {
    for (n, octet) in (1..=3).zip(piece.iter().rev()) {
        let width = match octet {
            0x80..0xc0 => continue,
            0xf0.. => 4,
            0xe0.. => 3,
            0xc0.. => 2,
            _ => 1,
        };
        return if n < width { n } else { 0 };
    }
    0
}
