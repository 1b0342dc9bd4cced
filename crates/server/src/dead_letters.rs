//! Events that cannot be stored, kept on disk with their reason before their window is acknowledged.

use std::sync::Arc;
use std::thread;

use sawmill_segments::{SegmentError, Segments};
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::warn;

use crate::config::SegmentFiles;
use crate::disk::until_written;
use crate::window::Window;

/// An event that cannot be stored.
pub(crate) struct Letter {
    /// Its window, and whatever memory it holds.
    pub(crate) window: Arc<Window>,
    pub(crate) peer: Arc<str>,
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
/// window holds its share until the letter is on disk.
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

    /// Keeps a letter; its event is settled once that is certain.
    pub(crate) fn put(&self, letter: Letter) {
        // The thread ends with the last sender, which is here.
        let _ = self.queue.send(letter);
    }
}

fn write_all(mut segments: Segments, mut letters: UnboundedReceiver<Letter>) {
    let mut batch = Vec::new();
    while let Some(first) = letters.blocking_recv() {
        batch.push(first);
        while let Ok(next) = letters.try_recv() {
            batch.push(next);
        }
        say(&batch);
        let lines: Vec<u8> = batch.iter().flat_map(Letter::line).collect();
        let mut appended = false;
        until_written("dead letters", || {
            if !appended {
                segments.append(&lines)?;
                appended = true;
            }
            segments.sync()
        });
        for letter in batch.drain(..) {
            letter.window.settle(1);
        }
    }
}

/// One log line for however many letters came together.
fn say(batch: &[Letter]) {
    if let Some(Letter { peer, reason, .. }) = batch.first() {
        warn!(%peer, events = batch.len(), "an event cannot be stored and becomes a dead letter: {reason}");
    }
}

impl Letter {
    fn line(&self) -> Vec<u8> {
        let line = Line {
            timestamp: format!("{:.3}", jiff::Timestamp::now()),
            peer: &self.peer,
            reason: &self.reason,
            status: self.status,
            data_stream: self.stream.as_deref(),
            event: &String::from_utf8_lossy(&self.event),
        };
        // Texts and a number can always be written as JSON.
        let mut json = serde_json::to_vec(&line).unwrap_or_default();
        json.push(b'\n');
        json
    }
}
