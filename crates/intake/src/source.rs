//! The bytes that a piece's events were cut from.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

/// What a piece was made of, as it was received. A copy shares the bytes.
#[derive(Clone, Debug)]
pub struct Source {
    /// Tells sources apart. An address would not: another may come to stand there.
    pub(crate) number: u64,
    pub(crate) form: Form,
}

#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// A compressed frame's payload.
    Compressed(Bytes),
    /// Whole frames.
    Frames(Bytes),
}

static SOURCES: AtomicU64 = AtomicU64::new(0);

impl Source {
    pub(crate) fn compressed(zlib: Bytes) -> Self {
        Self::new(Form::Compressed(zlib))
    }

    pub(crate) fn frames(frames: Bytes) -> Self {
        Self::new(Form::Frames(frames))
    }

    fn new(form: Form) -> Self {
        let number = SOURCES.fetch_add(1, Ordering::Relaxed);
        Self { number, form }
    }
}
