//! The reading half of a connection: bytes to frames, frames to pieces of windows.

use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use sawmill_intake::{Piece, Reason};
use sawmill_lumberjack::{Frame, FrameError, Limits, Sequence, Step, Version, WindowSize, decode};
use tokio::io::AsyncRead;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::acker::Pending;
use crate::config::BeatsInput;
use crate::connection::{Client, Close};
use crate::incoming::{Incoming, READ_BYTES, is_end};
use crate::memory::Reserved;
use crate::window::Window;
use crate::works::{Job, Works};

pub(crate) struct Reader<'a, R> {
    incoming: Incoming<R>,
    client: &'a Client,
    limits: Limits,
    frame_timeout: Duration,
    /// Runs out at `deadline`, or earlier to hand over what is held. Putting it off costs next to nothing.
    patience: Pin<Box<Sleep>>,
    /// When the peer must have sent what it has begun.
    deadline: Instant,
    /// Whether the time for the head of a frame that is coming has begun.
    head_begun: bool,
    works: Works,
    /// Windows in order of arrival, to be acknowledged.
    windows: Option<Sender<Pending>>,
    gone: CancellationToken,
    /// The memory reserved for a large frame in the buffer.
    buffer_memory: Option<Reserved>,
    /// The same as a part of what its address may have for windows that are not whole.
    announced: Option<Reserved>,
    /// The turn of a frame that is larger than its address's share.
    beyond_share: Option<OwnedSemaphorePermit>,
    /// Bytes still to pass over: the payload of an event that is too large.
    skip: usize,
    open: Option<Open>,
}

/// The window that is being read.
struct Open {
    window: Arc<Window>,
    version: Version,
    size: WindowSize,
    /// Events that came uncompressed, whether handed over or held.
    events: u32,
    /// Whether a part of it came compressed, so that only the workers know how many events it has.
    compressed: bool,
    /// Uncompressed frames that are held for the rest of the window, for a while.
    held: Vec<u8>,
    held_memory: Option<Reserved>,
    /// The same as a part of what its address may have for windows that are not whole.
    held_announced: Option<Reserved>,
    /// When the first of them came.
    held_since: Instant,
}

/// A frame's version, type and first number.
const HEAD_BYTES: usize = 6;

/// Memory for uncompressed frames that are held is reserved for many small ones at a time.
const HELD_STEP_BYTES: usize = 16 << 10;

/// What is held for so long is worked on though its window is not whole: it keeps memory from others.
const HELD_MAX: Duration = Duration::from_secs(1);

/// What a piece takes beside its bytes: its task, its place in queues.
const PIECE_BYTES: usize = 1024;

impl<'a, R: AsyncRead + Unpin> Reader<'a, R> {
    pub(crate) fn new(
        read: R,
        client: &'a Client,
        settings: &BeatsInput,
        works: Works,
        windows: Sender<Pending>,
        gone: CancellationToken,
    ) -> Self {
        Self {
            incoming: Incoming::new(read),
            client,
            limits: settings.limits.clone(),
            frame_timeout: settings.frame_timeout,
            patience: Box::pin(sleep(settings.frame_timeout)),
            deadline: Instant::now() + settings.frame_timeout,
            head_begun: false,
            works,
            windows: Some(windows),
            gone,
            buffer_memory: None,
            announced: None,
            beyond_share: None,
            skip: 0,
            open: None,
        }
    }

    /// Reads until the peer leaves or does something wrong.
    pub(crate) async fn run(&mut self) -> Close {
        loop {
            let next = match self.take_frame().await {
                Ok(None) => {
                    self.head_begun = false;
                    continue;
                }
                Ok(Some(wanted)) => self.fill(wanted).await,
                Err(close) => Err(close),
            };
            if let Err(close) = next {
                return close;
            }
        }
    }

    /// Lets go of what was read: a window that is not whole will not be.
    pub(crate) fn stop(&mut self) {
        self.windows = None;
        self.incoming.bytes = BytesMut::new();
        self.buffer_memory = None;
        self.let_go_of_share();
        if let Some(open) = self.open.take() {
            open.window.end();
        }
    }

    /// Takes a frame from the buffer, or says how many bytes it lacks.
    async fn take_frame(&mut self) -> Result<Option<usize>, Close> {
        let skipped = self.skip.min(self.incoming.bytes.len());
        self.incoming.bytes.advance(skipped);
        self.skip -= skipped;
        let step = decode(&self.incoming.bytes, &self.limits).map_err(Close::Protocol)?;
        let (version, frame, used) = match step {
            Step::Frame(version, frame, used) => (version, frame, used),
            Step::Need(wanted) => return Ok(Some(wanted)),
        };
        match frame {
            Frame::Window(size) => {
                self.incoming.bytes.advance(used);
                self.begin_window(version, size).await?;
            }
            Frame::Probe => {
                self.incoming.bytes.advance(used);
                self.push(Pending::Probe(version)).await?;
            }
            Frame::Compressed(zlib) => {
                let head = used - zlib.len();
                let mut frame = self.incoming.bytes.split_to(used);
                frame.advance(head);
                self.take_compressed(version, frame).await?;
            }
            Frame::Json { sequence, .. } | Frame::Data { sequence, .. } => {
                self.take_event(version, sequence, used).await?;
            }
            Frame::Oversized {
                sequence,
                payload_bytes,
            } => {
                self.incoming.bytes.advance(used);
                self.take_oversized(version, sequence, payload_bytes)?;
            }
            Frame::Ack(sequence) => {
                return Err(Close::Protocol(FrameError::UnexpectedAck { sequence }));
            }
        }
        Ok(None)
    }

    async fn begin_window(&mut self, version: Version, size: WindowSize) -> Result<(), Close> {
        if let Some(open) = self.open.take() {
            if !open.compressed {
                let (expected, received) = (open.size, open.events);
                open.window.end();
                return Err(Close::Protocol(FrameError::WindowIncomplete {
                    expected,
                    received,
                }));
            }
            self.close_window(open);
        }
        let window = Arc::new(Window::new(version, size, self.gone.clone()));
        self.push(Pending::Window(Arc::clone(&window))).await?;
        self.open = Some(Open {
            window,
            version,
            size,
            events: 0,
            compressed: false,
            held: Vec::new(),
            held_memory: None,
            held_announced: None,
            held_since: Instant::now(),
        });
        Ok(())
    }

    async fn take_compressed(&mut self, version: Version, zlib: BytesMut) -> Result<(), Close> {
        let first = Sequence::new(1);
        let open = open_window(&mut self.open, version, first).map_err(Close::Protocol)?;
        open.compressed = true;
        let window = Arc::clone(&open.window);
        window.whole();
        self.hand_over_held();
        let memory = self.memory_for(zlib.len() + PIECE_BYTES).await?;
        self.let_go_of_share();
        self.begin(&window, Piece::compressed(zlib.freeze()), Some(memory));
        Ok(())
    }

    async fn take_event(
        &mut self,
        version: Version,
        sequence: Sequence,
        used: usize,
    ) -> Result<(), Close> {
        let open = open_window(&mut self.open, version, sequence).map_err(Close::Protocol)?;
        let room = if self.buffer_memory.is_some() || !open.has_room(used) {
            let bytes = (used + PIECE_BYTES).max(HELD_STEP_BYTES);
            // The address's share always comes before the memory: who waits for it holds nothing that others wait for.
            let announced = match self.beyond_share {
                Some(_) => None,
                None => Some(self.announced_for(bytes).await?),
            };
            Some((announced, self.memory_for(bytes).await?))
        } else {
            None
        };
        self.beyond_share = None;
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        if let Some((announced, memory)) = room {
            if let Some(announced) = announced {
                add(&mut open.held_announced, announced);
            }
            add(&mut open.held_memory, memory);
        }
        open.hold(&self.incoming.bytes[..used]);
        self.incoming.bytes.advance(used);
        self.finish_if_whole();
        Ok(())
    }

    fn take_oversized(
        &mut self,
        version: Version,
        sequence: Sequence,
        payload_bytes: u32,
    ) -> Result<(), Close> {
        let open = open_window(&mut self.open, version, sequence).map_err(Close::Protocol)?;
        let limit_bytes = self.limits.event_bytes_max;
        let reason = Reason::TooLarge {
            bytes: payload_bytes,
            limit_bytes,
        };
        self.works
            .refuse_oversized(&open.window, &self.client.name, sequence, reason);
        open.events += 1;
        self.skip = payload_bytes as usize;
        self.finish_if_whole();
        Ok(())
    }

    /// A window whose events all came uncompressed is whole when they are counted. How many a
    /// compressed one has only the workers know, so that one stays open until the next begins.
    fn finish_if_whole(&mut self) {
        let whole = |open: &mut Open| !open.compressed && open.events == open.size.get();
        if let Some(open) = self.open.take_if(whole) {
            open.window.whole();
            self.close_window(open);
        }
    }

    /// The memory of a frame that has been read: what was reserved to read it, and the rest.
    async fn memory_for(&mut self, bytes: usize) -> Result<Reserved, Close> {
        self.reserve_up_to(bytes).await?;
        match self.buffer_memory.take() {
            Some(mut memory) => {
                memory.shrink_to(bytes);
                Ok(memory)
            }
            None => self.reserve(bytes).await,
        }
    }

    /// The share of its address that a frame takes which has been read, as a part of a window that is not whole.
    async fn announced_for(&mut self, bytes: usize) -> Result<Reserved, Close> {
        let bytes = bytes.min(self.client.announced.bytes_max());
        match self.announced.take() {
            Some(mut all) if all.bytes() >= bytes => {
                all.shrink_to(bytes);
                Ok(all)
            }
            // Of a small frame nothing was announced.
            _ => self.announce(bytes).await,
        }
    }

    /// Reserves memory for the first `bytes` of a frame that is not there yet. Its address waits for its own frames, not for those of
    /// others; one that is larger than its address's share waits for those of all.
    async fn reserve_buffer(&mut self, bytes: usize, is_large: bool) -> Result<(), Close> {
        let has = self.announced.as_ref().map_or(0, Reserved::bytes);
        if !is_large && bytes > has {
            let more = self.announce(bytes - has).await?;
            add(&mut self.announced, more);
        }
        if is_large && self.beyond_share.is_none() {
            // One at a time: two of them that grow could wait for each other for ever.
            let turn = timeout(self.frame_timeout, self.works.memory.one_large_frame());
            let turn = turn
                .await
                .map_err(|_| Close::NoMemory(self.frame_timeout))?;
            self.beyond_share = Some(turn);
            self.announced = None;
        }
        self.reserve_up_to(bytes).await
    }

    /// Gives back what its address may have: there is no frame that is not whole.
    fn let_go_of_share(&mut self) {
        self.announced = None;
        self.beyond_share = None;
    }

    /// Takes as much of what its address may have for windows that are not whole. What is held is handed over first if there is
    /// no room at once.
    async fn announce(&mut self, bytes: usize) -> Result<Reserved, Close> {
        if let Some(reserved) = self.client.announced.try_reserve(bytes) {
            return Ok(reserved);
        }
        self.hand_over_held();
        timeout(self.frame_timeout, self.client.announced.reserve(bytes))
            .await
            .map_err(|_| Close::NoMemory(self.frame_timeout))
    }

    /// Reserves memory until the buffer has so much, or all there is.
    async fn reserve_up_to(&mut self, bytes: usize) -> Result<(), Close> {
        let bytes = bytes.min(self.works.memory.waiting_bytes_max());
        let has = self.buffer_memory.as_ref().map_or(0, Reserved::bytes);
        if bytes > has {
            let more = self.reserve(bytes - has).await?;
            add(&mut self.buffer_memory, more);
        }
        Ok(())
    }

    /// Reserves `bytes` of memory. When there is no room at once, what is held is handed over
    /// first: many connections that each hold a part of a window could otherwise wait for each
    /// other for ever. A client gives up a window that is not read within 30 s (its write
    /// deadline), so waiting longer than that would only keep its place.
    async fn reserve(&mut self, bytes: usize) -> Result<Reserved, Close> {
        if let Some(reserved) = self.works.memory.try_waiting(bytes) {
            return Ok(reserved);
        }
        self.hand_over_held();
        timeout(self.frame_timeout, self.works.memory.waiting(bytes))
            .await
            .map_err(|_| Close::NoMemory(self.frame_timeout))
    }

    fn hand_over_held(&mut self) {
        if let Some(open) = &mut self.open
            && let Some((piece, memory)) = open.take_held()
        {
            let window = Arc::clone(&open.window);
            self.begin(&window, piece, memory);
        }
    }

    /// Hands over what is held of a window that nothing more belongs to.
    fn close_window(&self, mut open: Open) {
        if let Some((piece, memory)) = open.take_held() {
            self.begin(&open.window, piece, memory);
        }
        open.window.end();
    }

    fn begin(&self, window: &Arc<Window>, piece: Piece, memory: Option<Reserved>) {
        self.works.begin(Job {
            window: Arc::clone(window),
            peer: Arc::clone(&self.client.name),
            piece: piece.sent_by(self.client.peer.clone()),
            memory,
            gone: self.gone.clone(),
        });
    }

    async fn push(&mut self, pending: Pending) -> Result<(), Close> {
        match &self.windows {
            // Waits while as many windows are pending as may be.
            Some(windows) => windows.send(pending).await.map_err(|_| Close::PeerLeft),
            None => Err(Close::ShuttingDown),
        }
    }

    /// Reads at least `wanted` bytes more.
    async fn fill(&mut self, wanted: usize) -> Result<(), Close> {
        if self.open.as_ref().is_some_and(|open| open.compressed) {
            // Uncompressed frames of a window that is also compressed cannot be counted, so they
            // are not held longer than until the next read.
            self.hand_over_held();
        }
        let here = self.incoming.bytes.len();
        // What is larger than an address's share comes by steps, each no larger than what has come.
        let step = self.client.announced.bytes_max().max(here);
        let target = here + wanted.min(step);
        if target <= READ_BYTES {
            // Frames of the usual size came and went; what they took is not needed now.
            self.buffer_memory = None;
            self.let_go_of_share();
        } else {
            let is_large = here + wanted + PIECE_BYTES > self.client.announced.bytes_max();
            self.reserve_buffer(target + PIECE_BYTES, is_large).await?;
        }
        // Whoever sends a head byte by byte has no more time for it than others.
        let head_goes_on = (1..HEAD_BYTES).contains(&here);
        if !(head_goes_on && self.head_begun) {
            self.be_patient();
        }
        self.head_begun = head_goes_on;
        loop {
            self.read_some(target).await?;
            // A stranger is known by its first byte, and may be waiting for an answer.
            if self.incoming.bytes.len() < HEAD_BYTES || self.incoming.bytes.len() >= target {
                return Ok(());
            }
        }
    }

    /// One read. What is begun must be there before patience runs out: as long as it is not, it keeps
    /// memory from others.
    async fn read_some(&mut self, target: usize) -> Result<(), Close> {
        let stuck = !self.incoming.bytes.is_empty();
        loop {
            let came = tokio::select! {
                biased;
                came = self.incoming.read(target) => Some(came),
                () = self.patience.as_mut() => None,
            };
            match came {
                Some(Ok(0)) => return Err(Close::PeerLeft),
                Some(Ok(_)) => return Ok(()),
                // The end of a TLS session that was not said to be one: what belongs together has
                // lengths of its own, so nothing cut short can be taken for whole.
                Some(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Err(Close::PeerLeft);
                }
                Some(Err(error)) if is_end(&error) && !stuck && self.open.is_none() => {
                    return Err(Close::PeerLeft);
                }
                Some(Err(error)) => return Err(Close::Broken(error)),
                None if self.held_since().is_some() && Instant::now() < self.deadline => {
                    self.hand_over_held();
                    self.patience.as_mut().reset(self.deadline);
                }
                None if stuck || self.skip > 0 || lacks_events(self.open.as_ref()) => {
                    return Err(Close::TimedOut(self.frame_timeout));
                }
                // Between windows a client may be silent as long as it likes.
                None => self.be_patient(),
            }
        }
    }

    /// Begins to wait for the peer's next word.
    fn be_patient(&mut self) {
        self.deadline = Instant::now() + self.frame_timeout;
        let held_until = self.held_since().map(|since| since + HELD_MAX);
        let look = held_until.map_or(self.deadline, |until| until.min(self.deadline));
        self.patience.as_mut().reset(look);
    }

    /// Since when something is held.
    fn held_since(&self) -> Option<Instant> {
        let holding = self.open.as_ref().filter(|open| !open.held.is_empty());
        holding.map(|open| open.held_since)
    }
}

impl Open {
    /// Whether what is reserved is enough to hold so many bytes more.
    fn has_room(&self, bytes: usize) -> bool {
        let reserved = self.held_memory.as_ref().map_or(0, Reserved::bytes);
        self.held.len() + bytes + PIECE_BYTES <= reserved
    }

    fn hold(&mut self, frame: &[u8]) {
        if self.held.is_empty() {
            self.held_since = Instant::now();
        }
        self.held.extend_from_slice(frame);
        self.events += 1;
    }

    fn take_held(&mut self) -> Option<(Piece, Option<Reserved>)> {
        let held = std::mem::take(&mut self.held);
        self.held_announced = None;
        let mut memory = self.held_memory.take();
        if let Some(memory) = &mut memory {
            memory.shrink_to(held.len() + PIECE_BYTES);
        }
        (!held.is_empty()).then(|| (Piece::frames(held), memory))
    }
}

fn add(all: &mut Option<Reserved>, more: Reserved) {
    match all {
        Some(all) => all.merge(more),
        None => *all = Some(more),
    }
}

/// The window that an event belongs to.
fn open_window(
    open: &mut Option<Open>,
    version: Version,
    sequence: Sequence,
) -> Result<&mut Open, FrameError> {
    // A compressed window stays open until the next begins, but it may have all its events.
    let open = open
        .as_mut()
        .filter(|open| !(open.compressed && open.window.is_full()))
        .ok_or(FrameError::EventOutsideWindow { sequence })?;
    if open.version != version {
        return Err(FrameError::VersionMixed {
            frame: version,
            window: open.version,
        });
    }
    Ok(open)
}

/// Whether events are missing in the window at hand, as far as can be told.
fn lacks_events(open: Option<&Open>) -> bool {
    open.is_some_and(|open| !open.compressed || open.window.is_short())
}
