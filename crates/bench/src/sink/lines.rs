//! Counts or cuts the lines of a bulk body as its frames arrive. Frames are never joined.

use memchr::{memchr, memchr_iter};

/// Whether the items of a request create or index: the answer's keys follow the request's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// What data streams take.
    Create,
    /// What plain indices take, too.
    Index,
}

impl Action {
    /// The key in requests and answers.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Index => "index",
        }
    }

    /// Reads the first bytes of an action line.
    fn of(line: &[u8]) -> Option<Self> {
        let quoted = line.trim_ascii_start().strip_prefix(b"{")?;
        let key = quoted.trim_ascii_start().strip_prefix(b"\"")?;
        [Self::Create, Self::Index]
            .into_iter()
            .find(|action| key.starts_with(action.key().as_bytes()))
    }
}

/// Why a body is no bulk request that this sink takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// The first line is no `create` or `index` action.
    Action,
    /// There is nothing in it.
    Empty,
    /// The compressed body ends early or is none.
    Gzip,
    /// An action has no document.
    Odd,
    /// The last line lacks its newline.
    Unterminated,
}

impl Malformed {
    /// In words close to Elasticsearch's own.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Action => {
                "Malformed action/metadata line [1], expected a `create` or `index` action, which is all that this sink takes"
            }
            Self::Empty => "request body is required",
            Self::Gzip => "Not in GZIP format, or cut off",
            Self::Odd => "an action without a document line",
            Self::Unterminated => "The bulk request must be terminated by a newline [\\n]",
        }
    }
}

/// As much of the first line as tells its action.
const FIRST_BYTES: usize = 16;

/// Counts lines and looks at nothing but the body's first and last bytes.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    newlines: usize,
    first: [u8; FIRST_BYTES],
    first_len: usize,
    last: Option<u8>,
}

impl Counter {
    /// Takes a frame.
    pub(crate) fn take(&mut self, frame: &[u8]) {
        if self.first_len < FIRST_BYTES {
            let room = &mut self.first[self.first_len..];
            let taken = room.len().min(frame.len());
            room[..taken].copy_from_slice(&frame[..taken]);
            self.first_len += taken;
        }
        self.newlines += memchr_iter(b'\n', frame).count();
        self.last = frame.last().copied().or(self.last);
    }

    /// How many items there were, and of which action.
    pub(crate) fn finish(&self) -> Result<(Action, usize), Malformed> {
        match self.last {
            None => return Err(Malformed::Empty),
            Some(b'\n') => {}
            Some(_) => return Err(Malformed::Unterminated),
        }
        let action = Action::of(&self.first[..self.first_len]).ok_or(Malformed::Action)?;
        if !self.newlines.is_multiple_of(2) {
            return Err(Malformed::Odd);
        }
        Ok((action, self.newlines / 2))
    }
}

/// Cuts frames into whole lines; copies only what a frame's end cuts in two.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    begun: Vec<u8>,
}

impl Cutter {
    /// Takes a frame and hands on every line that it ends, without its newline.
    pub(crate) fn take(&mut self, mut frame: &[u8], mut line: impl FnMut(&[u8])) {
        if !self.begun.is_empty() {
            let Some(end) = memchr(b'\n', frame) else {
                self.begun.extend_from_slice(frame);
                return;
            };
            self.begun.extend_from_slice(&frame[..end]);
            line(&self.begun);
            self.begun.clear();
            frame = &frame[end + 1..];
        }
        let mut start = 0;
        for end in memchr_iter(b'\n', frame) {
            line(&frame[start..end]);
            start = end + 1;
        }
        self.begun.extend_from_slice(&frame[start..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"{\"create\":{\"_index\":\"a\"}}\n{\"x\":1}\n{\"create\":{}}\n{\"x\":2}\n";

    #[test]
    fn any_split_into_frames_gives_the_same_items() {
        for first in 0..BODY.len() {
            for second in first..BODY.len() {
                let frames = [&BODY[..first], &BODY[first..second], &BODY[second..]];
                let (mut counter, mut cutter) = (Counter::default(), Cutter::default());
                let mut lines = Vec::new();
                for frame in frames {
                    counter.take(frame);
                    cutter.take(frame, |line| lines.push(line.to_vec()));
                }
                assert_eq!(
                    counter.finish(),
                    Ok((Action::Create, 2)),
                    "{first} {second}"
                );
                let want: Vec<_> = BODY[..BODY.len() - 1]
                    .split(|byte| *byte == b'\n')
                    .collect();
                assert_eq!(lines, want, "{first} {second}");
            }
        }
    }

    #[test]
    fn a_body_that_is_no_bulk_request_is_told_apart() {
        for (body, want) in [
            ("", Err(Malformed::Empty)),
            ("{\"create\":{}}\n{}", Err(Malformed::Unterminated)),
            ("{\"create\":{}}\n", Err(Malformed::Odd)),
            ("{\"delete\":{}}\n{}\n", Err(Malformed::Action)),
            ("hello\n\n", Err(Malformed::Action)),
            (" { \"index\" : {} }\n{}\n", Ok((Action::Index, 1))),
        ] {
            let mut counter = Counter::default();
            counter.take(body.as_bytes());
            assert_eq!(counter.finish(), want, "{body}");
        }
    }
}
