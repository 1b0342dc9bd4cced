//! The JSON scanner: checks a text against RFC 8259 and reports where things are.
//!
//! It builds nothing. Strings are searched eight bytes at a time in safe code; that is within 5 %
//! of SSE2 on events of 1 KB.

use crate::error::EventError;

/// Why scanning stopped. The box lets what every value returns fit into a register.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stop(pub(crate) Box<EventError>);

impl From<EventError> for Stop {
    #[cold]
    fn from(error: EventError) -> Self {
        Self(Box::new(error))
    }
}

/// A string found in the text, without its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quoted {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Whether a backslash occurs in it.
    pub(crate) escaped: bool,
}

/// A text to scan. Only the first check of an event may change it.
pub(crate) trait Source {
    fn bytes(&self) -> &[u8];
    /// Puts a blank where white space stands that would break the line.
    fn blank(&mut self, at: usize);
}

impl Source for &mut [u8] {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }

    fn blank(&mut self, at: usize) {
        self[at] = b' ';
    }
}

impl Source for &[u8] {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }

    fn blank(&mut self, _: usize) {}
}

/// Walks over a text from `at` on.
pub(crate) struct Scanner<S> {
    text: S,
    pub(crate) at: usize,
    /// Whether there are escapes in the last string.
    escaped: bool,
    depth: u32,
    depth_max: u32,
}

impl<S: Source> Scanner<S> {
    pub(crate) fn new(text: S, depth_max: u32) -> Self {
        Self {
            text,
            at: 0,
            escaped: false,
            depth: 0,
            depth_max,
        }
    }

    /// Skips white space. Line breaks and tabs become blanks, so that whatever is copied from
    /// the text later is one line.
    #[inline]
    pub(crate) fn white_space(&mut self) {
        while let Some(byte @ ..=b' ') = self.peek() {
            match byte {
                b' ' => {}
                b'\n' | b'\r' | b'\t' => self.text.blank(self.at),
                _ => return,
            }
            self.at += 1;
        }
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.bytes().get(self.at).copied()
    }

    #[inline]
    pub(crate) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Stop> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.wrong(expected))
    }

    #[cold]
    pub(crate) fn wrong(&self, expected: &'static str) -> Stop {
        let bytes = self.text.bytes().len();
        let at = self.at;
        Stop::from(match self.peek() {
            None => EventError::Truncated { bytes },
            Some(_) => EventError::Syntax { expected, at },
        })
    }

    /// Checks one value of any kind and leaves `at` behind it.
    pub(crate) fn value(&mut self) -> Result<(), Stop> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.object(|_, _| Ok(())),
            Some(b'[') => self.array(|_, _, _| Ok(())),
            _ => self.scalar(),
        }
    }

    /// Checks a number, `true`, `false` or `null`.
    #[inline]
    pub(crate) fn scalar(&mut self) -> Result<(), Stop> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            _ => Err(self.wrong("a value")),
        }
    }

    /// Checks an object; `member` sees each of its members.
    pub(crate) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, Member) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        self.expect(b'{', "`{`")?;
        self.enter()?;
        self.white_space();
        if self.peek() == Some(b'}') {
            self.leave();
            return Ok(());
        }
        loop {
            let start = self.at + 1;
            self.string()?;
            let key = Quoted {
                start,
                end: self.at - 1,
                escaped: self.escaped,
            };
            self.white_space();
            self.expect(b':', "`:`")?;
            self.white_space();
            let start = self.at;
            self.value()?;
            let end = self.at;
            member(self, Member { key, start, end })?;
            self.white_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.leave();
                    return Ok(());
                }
                _ => return Err(self.wrong("`,` or `}`")),
            }
            self.white_space();
        }
    }

    /// Checks an array; `element` sees the position and the range of each element.
    pub(crate) fn array(
        &mut self,
        mut element: impl FnMut(usize, usize, usize) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        self.expect(b'[', "`[`")?;
        self.enter()?;
        self.white_space();
        if self.peek() == Some(b']') {
            self.leave();
            return Ok(());
        }
        for index in 0.. {
            let start = self.at;
            self.value()?;
            element(index, start, self.at)?;
            self.white_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.leave();
                    return Ok(());
                }
                _ => return Err(self.wrong("`,` or `]`")),
            }
            self.white_space();
        }
        Ok(())
    }

    fn enter(&mut self) -> Result<(), Stop> {
        self.depth += 1;
        if self.depth > self.depth_max {
            return Err(Stop::from(EventError::TooDeep {
                limit: self.depth_max,
                at: self.at - 1,
            }));
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }

    /// Checks a string and leaves `at` behind its closing quote.
    #[expect(
        clippy::inline_always,
        reason = "some sixty strings an event: calls are a fifth of their cost"
    )]
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Result<(), Stop> {
        self.expect(b'"', "a string")?;
        self.at += plain_bytes(self.text.bytes().get(self.at..).unwrap_or_default());
        self.escaped = false;
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(());
        }
        self.rest_of_string()
    }

    /// The string from its first escape on.
    #[inline(never)]
    fn rest_of_string(&mut self) -> Result<(), Stop> {
        self.escaped = true;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(byte) => {
                    return Err(Stop::from(EventError::ControlByte { byte, at: self.at }));
                }
                None => return Err(self.wrong("`\"`")),
            }
            self.at += plain_bytes(self.text.bytes().get(self.at..).unwrap_or_default());
        }
    }

    fn escape(&mut self) -> Result<(), Stop> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    match self.peek() {
                        Some(byte) if byte.is_ascii_hexdigit() => self.at += 1,
                        _ => return Err(self.wrong("four hexadecimal digits")),
                    }
                }
            }
            _ => return Err(self.wrong("an escape")),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Stop> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Stop> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.wrong("a digit"));
        }
        Ok(())
    }

    fn literal(&mut self, word: &'static [u8]) -> Result<(), Stop> {
        let rest = self.text.bytes().get(self.at..).unwrap_or_default();
        if rest.starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        Err(self.wrong("a value"))
    }
}

/// One member of an object: where its key and its value stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) key: Quoted,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// How many bytes at the start of `text` are neither a quote, nor a backslash, nor below 0x20.
#[inline]
pub(crate) fn plain_bytes(text: &[u8]) -> usize {
    let (chunks, rest) = text.as_chunks::<8>();
    let mut at = 0;
    for chunk in chunks {
        let special = special_bytes(u64::from_le_bytes(*chunk));
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    at + rest.iter().position(special).unwrap_or(rest.len())
}

/// Marks, in the high bit of each byte, those that end a run of plain text. Bits above the lowest
/// marked byte may be wrong (a borrow runs upward), so only the lowest counts.
#[inline]
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    let quote = word ^ (ONES * u64::from(b'"'));
    let backslash = word ^ (ONES * u64::from(b'\\'));
    let control = word.wrapping_sub(ONES * 0x20);
    // A byte whose own high bit is set is none of the three.
    (quote.wrapping_sub(ONES) | backslash.wrapping_sub(ONES) | control) & !word & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<usize, Stop> {
        let mut bytes = text.as_bytes().to_vec();
        let mut scanner = Scanner::new(bytes.as_mut_slice(), 128);
        scanner.value().map(|()| scanner.at)
    }

    #[test]
    fn valid_values_are_taken_whole() {
        for text in [
            "0",
            "-0",
            "10",
            "1.5",
            "1e9",
            "1E+9",
            "-1.25e-7",
            "true",
            "false",
            "null",
            r#""""#,
            r#""a\u00e9\n\"\\""#,
            "[]",
            "[1, 2,3]",
            "{}",
            r#"{"a":{"b":[{}]},"c":""}"#,
        ] {
            assert_eq!(check(text), Ok(text.len()), "{text}");
        }
    }

    #[test]
    fn invalid_values_are_refused() {
        for text in [
            "",
            "-",
            "+1",
            ".5",
            "1.",
            "1e",
            "tru",
            "nul",
            r#"""#,
            r#""\x""#,
            r#""\u12g4""#,
            "\"a\nb\"",
            "[1,]",
            "[1 2]",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            "{1:2}",
            r#"{"a":1 "b":2}"#,
            "[",
            "{",
        ] {
            assert!(check(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn plain_text_ends_at_the_first_special_byte_wherever_it_stands() {
        for length in 0..40 {
            for special in [b'"', b'\\', 0x00, 0x1f, b'\n'] {
                for filler in [b'a', 0x20, 0x7f, 0x80, 0xff, b'!', b'#', b'[', b']'] {
                    let mut text = vec![filler; length];
                    assert_eq!(plain_bytes(&text), length);
                    text.push(special);
                    text.extend([b'"'; 9]);
                    assert_eq!(plain_bytes(&text), length, "{filler} {special}");
                }
            }
        }
    }
}
