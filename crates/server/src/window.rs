//! One window on its way: what is still open of it, and whether it may be acknowledged.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sawmill_lumberjack::{FrameError, Sequence, Version, WindowSize};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A window, shared by the connection that received it and whoever works on its events.
///
/// Its acknowledgement is the sequence of its last event, and only [`Fate::Settled`] holds one:
/// an early or partial ACK, which would make the client believe what is not so, cannot be written
/// by accident.
pub(crate) struct Window {
    pub(crate) version: Version,
    pub(crate) size: WindowSize,
    state: Mutex<State>,
    changed: Notify,
    /// Set when its connection is gone.
    gone: CancellationToken,
}

#[derive(Default)]
struct State {
    /// Events cut so far, and those of them that are stored, dead-lettered or dropped on purpose.
    cut: u32,
    settled: u32,
    /// Pieces handed over, those not worked through yet, and the last event of the last one.
    pieces: u32,
    pieces_open: u32,
    last: Option<(u32, Sequence)>,
    reading: Reading,
    broken: Option<Failure>,
}

/// How much of a window has been read from its connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Reading {
    /// Some of it.
    #[default]
    Begun,
    /// As far as can be told without inflating it, all.
    Whole,
    /// There is no more to come.
    Ended,
}

/// What is to become of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It cannot be acknowledged, ever.
    Broken(Failure),
    /// All its events are settled; this is the acknowledgement.
    Settled(Sequence),
    /// Some of it is open.
    Waiting,
}

/// Why a window cannot be acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Events of it cannot be kept as dead letters at present, and take more memory than those may.
    LettersWait,
    /// Its frames are broken.
    Protocol(FrameError),
    /// A bug of ours kept it from being worked on.
    Worker,
}

impl Window {
    pub(crate) fn new(version: Version, size: WindowSize, gone: CancellationToken) -> Self {
        Self {
            version,
            size,
            state: Mutex::default(),
            changed: Notify::new(),
            gone,
        }
    }

    /// Says that a piece is handed over, and returns its number.
    pub(crate) fn begin_piece(&self) -> u32 {
        let mut state = self.state();
        state.pieces += 1;
        state.pieces_open += 1;
        state.pieces
    }

    /// Says that `events` more were cut from `piece`, the last of them with this sequence.
    pub(crate) fn cut(&self, piece: u32, events: u32, last: Option<Sequence>) {
        let mut state = self.state();
        state.cut = state.cut.saturating_add(events);
        if let Some(sequence) = last
            && state.last.is_none_or(|(latest, _)| piece >= latest)
        {
            state.last = Some((piece, sequence));
            if state.cut > self.size.get() {
                state
                    .broken
                    .get_or_insert(Failure::Protocol(FrameError::ExcessEvent {
                        sequence,
                        window: self.size,
                    }));
            }
        }
    }

    /// Says that a piece is worked through.
    pub(crate) fn end_piece(&self) {
        self.state().pieces_open -= 1;
        self.changed.notify_one();
    }

    /// Says that `events` of this window are stored, dead-lettered or dropped on purpose.
    pub(crate) fn settle(&self, events: u32) {
        let mut state = self.state();
        state.settled += events;
        debug_assert!(state.settled <= state.cut, "an event is settled once");
        drop(state);
        self.changed.notify_one();
    }

    /// Says that all of it has been read, as far as can be told without inflating it.
    pub(crate) fn whole(&self) {
        let mut state = self.state();
        if state.reading == Reading::Begun {
            state.reading = Reading::Whole;
        }
    }

    /// Says that nothing more of it will come.
    pub(crate) fn end(&self) {
        self.state().reading = Reading::Ended;
        self.changed.notify_one();
    }

    /// Says that it cannot be acknowledged.
    pub(crate) fn fail(&self, failure: Failure) {
        self.state().broken.get_or_insert(failure);
        self.changed.notify_one();
    }

    /// Whether an acknowledgement of it can still be written.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.gone.is_cancelled() && self.state().broken.is_none()
    }

    /// Waits until the window's fate is decided.
    pub(crate) async fn decided(&self) -> Fate {
        loop {
            let changed = self.changed.notified();
            match self.fate() {
                Fate::Waiting => changed.await,
                decided => return decided,
            }
        }
    }

    /// Whether the client may be told to be patient: it has sent all of the window.
    pub(crate) fn is_pending(&self) -> bool {
        self.state().reading != Reading::Begun && !self.is_short()
    }

    /// Whether all its events have come.
    pub(crate) fn is_full(&self) -> bool {
        self.state().cut >= self.size.get()
    }

    /// Whether all pieces at hand are worked through and events are missing.
    pub(crate) fn is_short(&self) -> bool {
        let state = self.state();
        state.pieces_open == 0 && state.cut < self.size.get()
    }

    fn fate(&self) -> Fate {
        let state = self.state();
        if let Some(failure) = &state.broken {
            return Fate::Broken(failure.clone());
        }
        let expected = self.size.get();
        match state.last {
            Some((_, last)) if state.settled == expected && state.pieces_open == 0 => {
                Fate::Settled(last)
            }
            _ if state.reading == Reading::Ended
                && state.pieces_open == 0
                && state.cut < expected =>
            {
                let received = state.cut;
                Fate::Broken(Failure::Protocol(FrameError::WindowIncomplete {
                    expected: self.size,
                    received,
                }))
            }
            _ => Fate::Waiting,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is counters; a panic elsewhere leaves none of them half written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(events: u32) -> Window {
        Window::new(
            Version::V2,
            WindowSize::new(events).unwrap(),
            CancellationToken::new(),
        )
    }

    #[test]
    fn a_window_is_acknowledged_only_when_all_of_it_is_settled() {
        let window = window(3);
        let piece = window.begin_piece();
        window.cut(piece, 3, Some(Sequence::new(3)));
        window.settle(2);
        window.end_piece();
        assert_eq!(window.fate(), Fate::Waiting);
        window.settle(1);
        assert_eq!(window.fate(), Fate::Settled(Sequence::new(3)));
    }

    #[test]
    fn the_ack_is_the_last_events_sequence_whatever_order_the_pieces_end_in() {
        let window = window(4);
        let (first, second) = (window.begin_piece(), window.begin_piece());
        window.cut(second, 2, Some(Sequence::new(1004)));
        window.end_piece();
        window.cut(first, 2, Some(Sequence::new(1002)));
        window.end_piece();
        window.settle(4);
        assert_eq!(window.fate(), Fate::Settled(Sequence::new(1004)));
    }

    #[test]
    fn too_few_events_are_known_once_nothing_more_can_come() {
        let window = window(3);
        let piece = window.begin_piece();
        window.whole();
        assert!(
            window.is_pending(),
            "a compressed window is believed until it is inflated"
        );
        window.cut(piece, 2, Some(Sequence::new(2)));
        window.settle(2);
        window.end_piece();
        assert!(!window.is_pending() && window.is_short());
        assert_eq!(window.fate(), Fate::Waiting);
        window.end();
        let expected = WindowSize::new(3).unwrap();
        let error = FrameError::WindowIncomplete {
            expected,
            received: 2,
        };
        assert_eq!(window.fate(), Fate::Broken(Failure::Protocol(error)));
    }

    #[test]
    fn too_many_events_break_the_window() {
        let window = window(1);
        let piece = window.begin_piece();
        window.cut(piece, 2, Some(Sequence::new(2)));
        assert!(matches!(
            window.fate(),
            Fate::Broken(Failure::Protocol(FrameError::ExcessEvent { .. }))
        ));
    }

    #[tokio::test]
    async fn whoever_waits_is_told() {
        let window = std::sync::Arc::new(window(1));
        let waiting = tokio::spawn({
            let window = std::sync::Arc::clone(&window);
            async move { window.decided().await }
        });
        let piece = window.begin_piece();
        window.cut(piece, 1, Some(Sequence::new(1)));
        window.end_piece();
        tokio::task::yield_now().await;
        window.settle(1);
        assert_eq!(waiting.await.unwrap(), Fate::Settled(Sequence::new(1)));
    }
}
