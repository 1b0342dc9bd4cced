//! Events that cannot be stored, kept on disk with their reason before their window is acknowledged.

use std::sync::Arc;
use std::thread;

use sawmill_segments::{SegmentError, Segments};
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::warn;

use crate::config::SegmentFiles;
use crate::delivery::Ticket;
use crate::disk::{keep, until_kept};

/// An event that cannot be stored.
pub(crate) struct Letter {
    /// Whose event it is, with the memory that it takes.
    pub(crate) ticket: Arc<Ticket>,
    /// Why, in a sentence.
    pub(crate) reason: String,
    /// Elasticsearch's status, where it was asked.
    pub(crate) status: Option<u16>,
    /// The data stream it was meant for, where it got that far.
    pub(crate) stream: Option<String>,
    /// The event as it was received, or as it was sent where it got that far.
    pub(crate) event: Vec<u8>,
}

/// Where to put dead letters. What waits in the queue is bounded by the memory budget: a letter's
/// ticket holds its share until the letter is on disk.
#[derive(Clone)]
pub(crate) struct DeadLetters {
    queue: UnboundedSender<Letter>,
}

/// One line of the file.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "@timestamp")]
    timestamp: String,
    peer: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_stream: Option<&'a str>,
    event: &'a str,
}

impl DeadLetters {
    /// Opens the folder and starts the thread that writes to it.
    pub(crate) fn open(files: &SegmentFiles) -> Result<Self, SegmentError> {
        let segments = Segments::open(&files.path, files.settings)?;
        let (queue, letters) = unbounded_channel();
        thread::spawn(move || write_all(segments, letters));
        Ok(Self { queue })
    }

    /// Letters that somebody else keeps.
    #[cfg(test)]
    pub(crate) fn over(queue: UnboundedSender<Letter>) -> Self {
        Self { queue }
    }

    /// Keeps a letter; its event is settled once that is certain.
    pub(crate) fn put(&self, letter: Letter) {
        // The thread ends with the last sender, which is here.
        let _ = self.queue.send(letter);
    }
}

/// Letters that are written together have at most about this many bytes.
const BATCH_BYTES: usize = 4 << 20;

fn write_all(mut segments: Segments, mut letters: UnboundedReceiver<Letter>) {
    let (mut batch, mut lines) = (Vec::new(), Vec::new());
    while let Some(first) = letters.blocking_recv() {
        first.write(&mut lines);
        batch.push(first);
        while lines.len() < BATCH_BYTES
            && let Ok(next) = letters.try_recv()
        {
            next.write(&mut lines);
            batch.push(next);
        }
        say(&batch);
        until_kept("dead letters", || keep(&mut segments, &lines));
        lines.clear();
        for letter in batch.drain(..) {
            letter.ticket.settle(1);
        }
    }
}

/// One log line for however many letters came together.
fn say(batch: &[Letter]) {
    if let Some(Letter { ticket, reason, .. }) = batch.first() {
        let (peer, events) = (&ticket.peer, batch.len());
        warn!(%peer, events, "an event cannot be stored and becomes a dead letter: {reason}");
    }
}

impl Letter {
    fn write(&self, out: &mut Vec<u8>) {
        let line = Line {
            timestamp: format!("{:.3}", jiff::Timestamp::now()),
            peer: &self.ticket.peer,
            reason: &self.reason,
            status: self.status,
            data_stream: self.stream.as_deref(),
            event: &String::from_utf8_lossy(&self.event),
        };
        // Texts and a number can always be written as JSON, and a vector takes them all.
        let _ = serde_json::to_writer(&mut *out, &line);
        out.push(b'\n');
    }
}
