//! `sawmill send`: lines of files to a Beats port, as Filebeat would send them.
//!
//! A window counts as sent when the server has acknowledged all of it; until then it is kept and sent again when the
//! connection is lost. Unlike Filebeat it ends with the files, and remembers nothing between two calls.

mod error;
mod events;
mod lines;
mod link;
mod summary;

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use sawmill_lumberjack::{Compression, WindowWriter};

use crate::cli::Send;

use self::error::SendError;
use self::events::Envelope;
use self::lines::{Source, read_line};
use self::link::{Link, Patience, Window};
use self::summary::Summary;

/// Windows on their way at one time. A Filebeat has as many with its default of `pipelining: 2`.
const IN_FLIGHT_MAX: usize = 2;
/// JSON bytes after which a window is sent though it has fewer events than it may have, to bound memory.
const WINDOW_BYTES_MAX: usize = 32 << 20;

/// Sends all lines of all files and waits until the last is acknowledged.
pub(crate) fn send(options: &Send) -> Result<Summary, SendError> {
    let envelope = Envelope::new(&options.fields)?;
    let sources = options
        .files
        .iter()
        .map(|path| Source::open(path))
        .collect::<Result<Vec<_>, _>>()?;
    let progress = progress(&sources);
    let mut link = Link::connect(&options.to, Patience::default())?;
    let mut next = NextWindow::new(options);
    let (begun, mut summary, mut text) = (Instant::now(), Summary::default(), Vec::new());
    for mut source in sources {
        while let Some(offset) = read_line(&mut source, &mut text)? {
            next.add(&envelope, &source, offset, &text);
            if next.is_full() {
                forward(&mut link, next.take()?, &mut summary, &progress)?;
            }
        }
    }
    if !next.ends.is_empty() {
        forward(&mut link, next.take()?, &mut summary, &progress)?;
    }
    while link.in_flight() > 0 {
        summary.count(&link.settle_oldest()?, &progress);
    }
    progress.finish_and_clear();
    Ok(summary.finish(begun.elapsed(), link.resent()))
}

/// Sends a window, and first waits for the oldest if there are enough on their way.
fn forward(
    link: &mut Link,
    window: Window,
    summary: &mut Summary,
    progress: &ProgressBar,
) -> Result<(), SendError> {
    while link.in_flight() >= IN_FLIGHT_MAX {
        summary.count(&link.settle_oldest()?, progress);
    }
    link.send(window)
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
    fn new(options: &Send) -> Self {
        let compression = match options.compression {
            0 => Compression::None,
            level => Compression::Level(level),
        };
        Self {
            writer: WindowWriter::new(compression),
            events_max: options.window as usize,
            json: Vec::new(),
            ends: Vec::new(),
            source_bytes: 0,
        }
    }

    fn add(&mut self, envelope: &Envelope, source: &Source, offset: u64, line: &[u8]) {
        self.source_bytes += line.len() as u64 + 1;
        // Filebeat leaves them out too.
        if line.is_empty() {
            return;
        }
        envelope.write_event(
            &mut self.json,
            &source.file,
            offset,
            &String::from_utf8_lossy(line),
        );
        self.ends.push(self.json.len());
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

/// A bar on stderr if that is a terminal; stdin has no known length.
fn progress(sources: &[Source]) -> ProgressBar {
    let total: Option<u64> = sources.iter().map(|source| source.bytes).sum();
    let form = "{bar:40} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
    match (total, ProgressStyle::with_template(form)) {
        (Some(total), Ok(style)) => ProgressBar::new(total).with_style(style),
        _ => ProgressBar::new_spinner(),
    }
}
