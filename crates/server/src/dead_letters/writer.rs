//! Letters to disk, before the windows of their events are acknowledged.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use sawmill_elasticsearch_out::StreamName;
use sawmill_intake::Recall;
use sawmill_lumberjack::Limits;
use sawmill_segments::{Removed, SegmentError, Segments};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::warn;

use super::forward::Forwarder;
use super::line::Line;
use super::printable;
use crate::config::{DeadLetterFiles, WhenFull};
use crate::delivery::Ticket;
use crate::disk::{keep, open, until_kept};
use crate::health::{DiskState, Health};
use crate::log_budget::LogBudget;
use crate::memory::Memory;
use crate::metrics::EventEnd;
use crate::output::Output;
use crate::window::{Failure, Window};

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
    /// Which of the events that were received together it was.
    pub(crate) ordinal: u32,
    /// The event.
    pub(crate) text: Text,
}

/// An event's text, and how far it got.
pub(crate) enum Text {
    /// As it was received; empty where it was too large to be read.
    Received(Vec<u8>),
    /// As it was sent to Elasticsearch.
    Sent(Vec<u8>),
    /// As a letter, which its data stream did not take.
    Letter(Vec<u8>),
}

/// Where to put dead letters. What waits in a queue is bounded by the memory budget: a letter's
/// ticket holds its share until the letter is on disk.
#[derive(Clone)]
pub(crate) struct DeadLetters {
    files: UnboundedSender<Vec<Letter>>,
    stream: Option<(StreamName, UnboundedSender<Vec<Letter>>)>,
}

impl DeadLetters {
    /// Opens the folder and starts the thread that writes to it.
    ///
    /// `frames` are the limits that events are cut with.
    pub(crate) fn open(
        files: &DeadLetterFiles,
        frames: &Limits,
        memory: &Memory,
        health: &Health,
    ) -> Result<Self, SegmentError> {
        let shelf = Shelf::open(files)?;
        let disk = health.watch_disk("dead_letters");
        let mut recall = Recall::new(frames.clone());
        let (files, letters) = unbounded_channel();
        let inbox = Inbox::new(letters);
        let stuck_bytes_max = memory.stuck_letters_max();
        thread::spawn(move || write_all(shelf, inbox, &mut recall, &disk, stuck_bytes_max));
        Ok(Self::over(files))
    }

    /// Sends letters to a data stream first; what that does not take goes to the files.
    pub(crate) fn through(
        self,
        stream: StreamName,
        frames: &Limits,
        memory: &Memory,
        output: Output,
    ) -> Self {
        let forwarder = Forwarder {
            stream: stream.clone(),
            recall: Recall::new(frames.clone()),
            memory: memory.clone(),
            output,
        };
        let (queue, letters) = unbounded_channel();
        let runtime = Handle::current();
        thread::spawn(move || forwarder.forward_all(Inbox::new(letters), &runtime));
        Self {
            stream: Some((stream, queue)),
            ..self
        }
    }

    /// Letters that somebody else keeps.
    pub(crate) fn over(files: UnboundedSender<Vec<Letter>>) -> Self {
        Self {
            files,
            stream: None,
        }
    }

    /// Keeps letters; their events are settled once that is certain.
    pub(crate) fn put(&self, letters: Vec<Letter>) {
        let Some((stream, queue)) = &self.stream else {
            return send(&self.files, letters);
        };
        let is_back = |letter: &Letter| letter.stream.as_deref() == Some(stream.as_str());
        let (back, new): (Vec<_>, Vec<_>) = letters.into_iter().partition(is_back);
        send(queue, new);
        send(&self.files, back.into_iter().map(Letter::back).collect());
    }
}

fn send(queue: &UnboundedSender<Vec<Letter>>, letters: Vec<Letter>) {
    if !letters.is_empty() {
        // Its thread ends with the last sender, which is here.
        let _ = queue.send(letters);
    }
}

/// Letters as they come, one by one.
pub(super) struct Inbox {
    queue: UnboundedReceiver<Vec<Letter>>,
    waiting: VecDeque<Letter>,
}

impl Inbox {
    pub(super) fn new(queue: UnboundedReceiver<Vec<Letter>>) -> Self {
        Self {
            queue,
            waiting: VecDeque::new(),
        }
    }

    /// Waits for a letter; `None` when no more will come.
    pub(super) fn next(&mut self) -> Option<Letter> {
        if self.waiting.is_empty() {
            self.waiting = self.queue.blocking_recv()?.into();
        }
        self.waiting.pop_front()
    }

    /// Lets go of letters, of `batch` too, that nobody waits for, and of so many that the rest takes at most so many bytes.
    pub(super) fn let_go(&mut self, batch: &mut Vec<Letter>, bytes_max: usize) {
        while let Ok(more) = self.queue.try_recv() {
            self.waiting.extend(more);
        }
        batch.retain(|letter| letter.ticket.is_wanted());
        self.waiting.retain(|letter| letter.ticket.is_wanted());
        let tickets = batch
            .iter()
            .chain(&self.waiting)
            .map(|letter| &letter.ticket);
        turn_away(tickets, bytes_max);
        batch.retain(|letter| letter.ticket.is_wanted());
        self.waiting.retain(|letter| letter.ticket.is_wanted());
    }

    /// A letter that is there.
    pub(super) fn next_now(&mut self) -> Option<Letter> {
        if self.waiting.is_empty() {
            self.waiting = self.queue.try_recv().ok()?.into();
        }
        self.waiting.pop_front()
    }
}

/// The folder, and what goes from it.
struct Shelf {
    segments: Segments,
    when_full: WhenFull,
    age_max: Option<Duration>,
    looked: Instant,
    /// Letters that are written together have at most about so many bytes.
    batch_bytes: usize,
}

/// Time between two looks for old segments: they are not so many, and their age is counted in days.
const LOOK_EVERY: Duration = Duration::from_mins(1);

impl Shelf {
    fn open(files: &DeadLetterFiles) -> Result<Self, SegmentError> {
        let mut shelf = Self {
            segments: open(&files.path, files.settings)?,
            when_full: files.when_full,
            age_max: files.age_max,
            looked: Instant::now(),
            // What is written together must fit together.
            batch_bytes: BATCH_BYTES.min(files.settings.total_bytes_max as usize / 4),
        };
        shelf.remove_old();
        Ok(shelf)
    }

    fn keep(&mut self, lines: &[u8]) -> Result<(), SegmentError> {
        if self.looked.elapsed() >= LOOK_EVERY {
            self.remove_old();
        }
        match self.when_full {
            WhenFull::Wait => {}
            WhenFull::DropOldest => self.make_room(lines.len() as u64)?,
        }
        keep(&mut self.segments, lines)
    }

    fn make_room(&mut self, bytes: u64) -> Result<(), SegmentError> {
        let Removed { segments, bytes } = self.segments.make_room(bytes)?;
        if segments > 0 {
            warn!(
                segments,
                bytes,
                "dead letters are at their limit (dead_letters.total_bytes_max): the oldest were dropped to make room"
            );
        }
        Ok(())
    }

    /// Removes segments that nobody has written to for too long. One that cannot be removed is no reason to keep no
    /// letters.
    fn remove_old(&mut self) {
        self.looked = Instant::now();
        let Some(age_max) = self.age_max else {
            return;
        };
        let now = SystemTime::now();
        let is_old = |modified| now.duration_since(modified).is_ok_and(|age| age > age_max);
        match self.segments.remove_oldest(|file| is_old(file.modified)) {
            Ok(Removed { segments: 0, .. }) => {}
            Ok(Removed { segments, bytes }) => warn!(
                segments,
                bytes, "dead letters older than dead_letters.age_max were removed"
            ),
            Err(error) => warn!("old dead letters cannot be removed: {error}"),
        }
    }
}

/// Beyond this, one write and flush for all gains nothing.
const BATCH_BYTES: usize = 4 << 20;

fn write_all(
    mut shelf: Shelf,
    mut letters: Inbox,
    recall: &mut Recall,
    disk: &DiskState,
    stuck_bytes_max: usize,
) {
    let (mut batch, mut lines) = (Vec::new(), Vec::new());
    let log = LogBudget::new("dead letters");
    while let Some(first) = letters.next() {
        first.write(recall, &mut lines);
        batch.push(first);
        while lines.len() < shelf.batch_bytes
            && let Some(next) = letters.next_now()
        {
            next.write(recall, &mut lines);
            batch.push(next);
        }
        say(&batch, &log);
        until_kept("dead letters", disk, || {
            let kept = shelf.keep(&lines);
            if kept.is_err() {
                let before = batch.len();
                // What they take is kept from others.
                letters.let_go(&mut batch, stuck_bytes_max);
                if batch.is_empty() {
                    // That nothing is left to be written does not mean that it can be.
                    batch.extend(letters.next());
                    say(&batch, &log);
                } else if batch.len() == before {
                    return kept;
                }
                lines.clear();
                for letter in &batch {
                    letter.write(recall, &mut lines);
                }
            }
            kept
        });
        lines.clear();
        for letter in batch.drain(..) {
            letter.ticket.settle(1, EventEnd::DeadLetter);
        }
    }
}

/// Gives up windows until those that are left take at most so many bytes: always of the address that has most, so that whoever
/// fills the folder does not keep others waiting. Their connections are closed, and clients send them again.
fn turn_away<'a>(tickets: impl Iterator<Item = &'a Arc<Ticket>>, bytes_max: usize) {
    let mut of_address = waiting(tickets);
    let mut all_bytes: usize = of_address.iter().map(|all| all.bytes).sum();
    while all_bytes > bytes_max
        && let Some(most) = of_address.iter_mut().max_by_key(|all| all.bytes)
        && let Some((window, bytes)) = most.windows.pop()
    {
        window.fail(Failure::LettersWait);
        most.bytes -= bytes;
        all_bytes -= bytes;
    }
}

/// What waits of one address: its windows, the newest last, with the bytes that each takes.
#[derive(Default)]
struct Waiting<'a> {
    windows: Vec<(&'a Window, usize)>,
    bytes: usize,
}

fn waiting<'a>(tickets: impl Iterator<Item = &'a Arc<Ticket>>) -> Vec<Waiting<'a>> {
    let mut of_address: HashMap<IpAddr, Waiting<'a>> = HashMap::new();
    let mut places: HashMap<*const Window, usize> = HashMap::new();
    // Several letters have one ticket, and several tickets what was received together.
    let mut counted = HashSet::new();
    for ticket in tickets {
        let received = &ticket.received;
        let mut bytes = 0;
        if counted.insert(Arc::as_ptr(ticket).cast::<()>()) {
            bytes += ticket.bytes();
        }
        if counted.insert(Arc::as_ptr(received).cast()) {
            bytes += received.bytes();
        }
        let all = of_address.entry(received.peer.counted_as).or_default();
        let place = *places
            .entry(Arc::as_ptr(&received.window))
            .or_insert_with(|| {
                all.windows.push((&received.window, 0));
                all.windows.len() - 1
            });
        all.windows[place].1 += bytes;
        all.bytes += bytes;
    }
    of_address.into_values().collect()
}

/// One log line for however many letters came together.
pub(super) fn say(batch: &[Letter], log: &LogBudget) {
    if let Some(Letter { ticket, reason, .. }) = batch.first()
        && log.allows()
    {
        // A reason may repeat what stands in the event.
        let reason = printable(reason);
        let (peer, events) = (&ticket.received.peer.text, batch.len());
        warn!(%peer, events, "an event cannot be stored and becomes a dead letter: {reason}");
    }
}

impl Letter {
    /// One that the data stream for letters did not take.
    fn back(self) -> Self {
        let text = match self.text {
            Text::Sent(document) => Text::Letter(document),
            other => other,
        };
        Self { text, ..self }
    }

    /// Writes its line; `recall` finds the event again if Elasticsearch was sent it.
    fn write(&self, recall: &mut Recall, out: &mut Vec<u8>) {
        let (event, document) = self.texts(recall);
        // Bytes that are no UTF-8 become U+FFFD: the file is JSON.
        let line = Line {
            timestamp: format!("{:.3}", jiff::Timestamp::now()).into(),
            peer: self.ticket.received.peer.text.as_str().into(),
            reason: self.reason.as_str().into(),
            status: self.status,
            data_stream: self.stream.as_deref().map(Into::into),
            event: event.map(String::from_utf8_lossy),
            document: document.map(String::from_utf8_lossy),
        };
        // Texts and a number can always be written as JSON, and a vector takes them all.
        let _ = serde_json::to_writer(&mut *out, &line);
        out.push(b'\n');
    }

    /// The event as it was received, and as it was sent.
    pub(crate) fn texts<'a>(
        &'a self,
        recall: &'a mut Recall,
    ) -> (Option<&'a [u8]>, Option<&'a [u8]>) {
        match &self.text {
            Text::Received(event) => (Some(event), None),
            Text::Sent(document) => (self.received(recall), Some(document)),
            // What was too large to be read has no text, and the letter about it is none.
            Text::Letter(document) => (Some(self.received(recall).unwrap_or(b"")), Some(document)),
        }
    }

    fn received<'a>(&self, recall: &'a mut Recall) -> Option<&'a [u8]> {
        let source = self.ticket.received.source.as_ref()?;
        recall.event(source, self.ordinal)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::Path;

    use sawmill_segments::{Settings, list};

    use super::*;

    fn files(path: &Path, when_full: WhenFull, age_max: Option<Duration>) -> DeadLetterFiles {
        DeadLetterFiles {
            path: path.to_owned(),
            settings: Settings {
                segment_bytes_max: 10,
                total_bytes_max: 20,
            },
            when_full,
            age_max,
        }
    }

    fn sequences(path: &Path) -> Vec<u64> {
        let segments = list(path).unwrap();
        segments.iter().map(|segment| segment.sequence).collect()
    }

    #[test]
    fn a_full_folder_waits_or_drops_its_oldest_as_it_is_told() {
        for (when_full, kept, want) in [
            (WhenFull::Wait, false, &[1, 2, 3][..]),
            (WhenFull::DropOldest, true, &[2, 3]),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let mut shelf = Shelf::open(&files(dir.path(), when_full, None)).unwrap();
            shelf.keep(b"ten bytes\n").unwrap();
            shelf.keep(b"ten bytes\n").unwrap();
            assert_eq!(shelf.keep(b"ten bytes\n").is_ok(), kept);
            assert_eq!(sequences(dir.path()), want);
        }
    }

    #[test]
    fn segments_that_are_too_old_go_at_the_start_and_while_letters_are_written() {
        let dir = tempfile::tempdir().unwrap();
        let hour = Duration::from_hours(1);
        let open = || Shelf::open(&files(dir.path(), WhenFull::Wait, Some(hour))).unwrap();
        let make_old = |sequence: usize, by: Duration| {
            let file = File::options()
                .append(true)
                .open(&list(dir.path()).unwrap()[sequence - 1].path);
            file.unwrap().set_modified(SystemTime::now() - by).unwrap();
        };
        for sequence in 1..=3 {
            fs::write(dir.path().join(format!("{sequence:020}.ndjson")), "x\n").unwrap();
        }
        make_old(1, 2 * hour);
        make_old(3, 2 * hour);
        let mut shelf = open();
        assert_eq!(sequences(dir.path()), [2, 3], "the newest stays at any age");
        make_old(1, 2 * hour);
        shelf.keep(b"y\n").unwrap();
        assert_eq!(sequences(dir.path()), [2, 3], "not at every letter");
        shelf.looked = Instant::now().checked_sub(LOOK_EVERY).unwrap();
        shelf.keep(b"y\n").unwrap();
        assert_eq!(sequences(dir.path()), [3]);
    }
}
