//! Events to a server, window by window.

use std::time::Instant;

use indicatif::ProgressBar;
use sawmill_lumberjack::{Compression, WindowWriter};

use super::error::SendError;
use super::link::{Link, Patience, Window};
use super::summary::Summary;
use crate::config::HostPort;

/// Windows on their way at one time. A Filebeat has as many with its default of `pipelining: 2`.
const IN_FLIGHT_MAX: usize = 2;
/// JSON bytes after which a window is sent though it has fewer events than it may have, to bound memory.
const WINDOW_BYTES_MAX: usize = 32 << 20;

/// What windows are like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowForm {
    /// Events in one.
    pub(crate) events_max: u32,
    /// Level of compression, 1 to 9; 0 is none.
    pub(crate) compression: u8,
}

/// A connection, the window that is being filled for it, and what was acknowledged.
pub(crate) struct Sending {
    link: Link,
    next: NextWindow,
    progress: ProgressBar,
    summary: Summary,
    begun: Instant,
}

impl Sending {
    /// Connects.
    pub(crate) fn connect(
        to: &HostPort,
        form: WindowForm,
        progress: ProgressBar,
    ) -> Result<Self, SendError> {
        Ok(Self {
            link: Link::connect(to, Patience::default())?,
            next: NextWindow::new(form),
            progress,
            summary: Summary::default(),
            begun: Instant::now(),
        })
    }

    /// Counts bytes of a file; what they make, if anything, is added next.
    pub(super) fn count_source(&mut self, bytes: u64) {
        self.next.source_bytes += bytes;
    }

    /// Adds the event that `write` appends, and sends the window if that filled it.
    pub(crate) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), SendError> {
        write(&mut self.next.json);
        self.next.ends.push(self.next.json.len());
        if self.next.is_full() {
            self.forward()?;
        }
        Ok(())
    }

    /// Sends what is left, and waits until all is acknowledged.
    pub(crate) fn finish(mut self) -> Result<Summary, SendError> {
        if !self.next.ends.is_empty() {
            self.forward()?;
        }
        while self.link.in_flight() > 0 {
            self.settle_oldest()?;
        }
        self.progress.finish_and_clear();
        Ok(self
            .summary
            .finish(self.begun.elapsed(), self.link.resent()))
    }

    /// Sends a window, and first waits for the oldest if there are enough on their way.
    fn forward(&mut self) -> Result<(), SendError> {
        let window = self.next.take()?;
        while self.link.in_flight() >= IN_FLIGHT_MAX {
            self.settle_oldest()?;
        }
        self.link.send(window)
    }

    fn settle_oldest(&mut self) -> Result<(), SendError> {
        let window = self.link.settle_oldest()?;
        self.summary.count(&window, &self.progress);
        Ok(())
    }
}

/// The window that is being filled.
struct NextWindow {
    writer: WindowWriter,
    events_max: usize,
    /// The events, one after the other, and where each ends.
    json: Vec<u8>,
    ends: Vec<usize>,
    /// Bytes of the files that went into it.
    source_bytes: u64,
}

impl NextWindow {
    fn new(form: WindowForm) -> Self {
        let compression = match form.compression {
            0 => Compression::None,
            level => Compression::Level(level),
        };
        Self {
            writer: WindowWriter::new(compression),
            events_max: form.events_max as usize,
            json: Vec::new(),
            ends: Vec::new(),
            source_bytes: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.ends.len() >= self.events_max || self.json.len() >= WINDOW_BYTES_MAX
    }

    fn take(&mut self) -> Result<Window, SendError> {
        let mut bytes = Vec::new();
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        let events = starts
            .zip(&self.ends)
            .map(|(start, end)| &self.json[start..*end]);
        let size = self
            .writer
            .write(&mut bytes, events)
            .map_err(SendError::Window)?;
        self.json.clear();
        self.ends.clear();
        Ok(Window {
            bytes,
            size,
            source_bytes: std::mem::take(&mut self.source_bytes),
        })
    }
}
