//! How many requests are on their way at a time.
//!
//! One more for each round of answers that comes as fast as usual, half as many when Elasticsearch says that it is
//! busy, as TCP does it. An Elasticsearch far away is kept at work only by many; one that is overloaded needs few.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// So many are started before anything is known.
const FIRST_LIMIT: usize = 8;

/// An answer that takes so many times as long as usual is a sign that more requests would only wait in a queue.
const SLOW: u32 = 2;

/// The weight of a slower answer in what is usual, as a divisor. A faster one counts at once: it shows what can be.
const SLOWER_WEIGHT: u32 = 256;

/// Hands out turns to have a request on its way.
#[derive(Debug)]
pub struct Pace {
    state: Mutex<State>,
    /// Told when a turn is over.
    over: Notify,
    requests_max: usize,
}

#[derive(Debug)]
struct State {
    running: usize,
    limit: usize,
    /// Answers as fast as usual since the limit was last raised.
    fast: usize,
    /// How long an answer takes while all turns are taken.
    usual: Option<Duration>,
    /// When it was last halved: what was sent before says nothing new.
    halved: Option<Instant>,
}

/// Leave to have one request on its way, until dropped.
#[derive(Debug)]
pub struct Turn {
    pace: Arc<Pace>,
}

/// What an answer, or its lack, says of how busy Elasticsearch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// Something was stored.
    Bearable,
    /// It says that it is too much.
    TooHigh,
    /// Nothing.
    Unknown,
}

impl Pace {
    /// At most `requests_max` at a time, and at least 1.
    pub(crate) fn new(requests_max: usize) -> Arc<Self> {
        let requests_max = requests_max.max(1);
        Arc::new(Self {
            state: Mutex::new(State {
                running: 0,
                limit: FIRST_LIMIT.min(requests_max),
                fast: 0,
                usual: None,
                halved: None,
            }),
            over: Notify::new(),
            requests_max,
        })
    }

    /// Waits for a turn. There is one waiting at a time.
    pub async fn turn(self: &Arc<Self>) -> Turn {
        loop {
            if let Some(turn) = self.turn_now() {
                return turn;
            }
            self.over.notified().await;
        }
    }

    /// Waits until nothing is on its way.
    pub async fn idle(&self) {
        while !self.is_idle() {
            self.over.notified().await;
        }
    }

    /// Whether nothing is on its way.
    pub fn is_idle(&self) -> bool {
        self.state().running == 0
    }

    fn turn_now(self: &Arc<Self>) -> Option<Turn> {
        let mut state = self.state();
        if state.running >= state.limit {
            return None;
        }
        state.running += 1;
        let pace = Arc::clone(self);
        Some(Turn { pace })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Numbers only; nothing is left half written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Takes note of how a try went that was begun at `since`.
    pub(crate) fn learn(&self, since: Instant, load: Load) {
        let mut state = self.pace.state();
        match load {
            Load::Bearable => state.grow(since.elapsed(), self.pace.requests_max),
            Load::TooHigh => state.halve(since),
            Load::Unknown => {}
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.pace.state().running -= 1;
        self.pace.over.notify_one();
    }
}

impl State {
    fn grow(&mut self, took: Duration, requests_max: usize) {
        // As long as turns are left over, more of them are of no use, and answers are faster than they would be.
        if self.running < self.limit {
            return;
        }
        let usual = *self.usual.get_or_insert(took);
        if took <= usual * SLOW {
            self.fast += 1;
            if self.fast >= self.limit {
                self.limit = (self.limit + 1).min(requests_max);
                self.fast = 0;
            }
        }
        self.usual = Some(match took.checked_sub(usual) {
            Some(longer) => usual + longer / SLOWER_WEIGHT,
            None => took,
        });
    }

    fn halve(&mut self, since: Instant) {
        if self.halved.is_none_or(|halved| since > halved) {
            self.limit = (self.limit / 2).max(1);
            self.fast = 0;
            self.halved = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_turns(pace: &Arc<Pace>) -> Vec<Turn> {
        std::iter::from_fn(|| pace.turn_now()).collect()
    }

    fn ago(time: Duration) -> Instant {
        Instant::now()
            .checked_sub(time)
            .expect("the clock is far enough")
    }

    #[test]
    fn it_begins_with_a_few_and_never_has_more_than_it_may() {
        for (requests_max, first) in [(1, 1), (3, 3), (64, 8)] {
            assert_eq!(all_turns(&Pace::new(requests_max)).len(), first);
        }
    }

    #[test]
    fn a_round_of_answers_as_fast_as_usual_brings_one_more() {
        let pace = Pace::new(10);
        for want in [9, 10, 10] {
            let turns = all_turns(&pace);
            let since = ago(Duration::from_millis(100));
            for turn in &turns {
                turn.learn(since, Load::Bearable);
            }
            drop(turns);
            assert_eq!(all_turns(&pace).len(), want);
        }
    }

    #[test]
    fn slow_answers_and_turns_left_over_bring_none() {
        let pace = Pace::new(64);
        let turns = all_turns(&pace);
        turns[0].learn(ago(Duration::from_millis(100)), Load::Bearable);
        let slow = ago(Duration::from_secs(1));
        (0..9).for_each(|_| turns[0].learn(slow, Load::Bearable));
        drop(turns);
        let turn = pace.turn_now().expect("all are free");
        let fast = ago(Duration::from_millis(100));
        (0..9).for_each(|_| turn.learn(fast, Load::Bearable));
        drop(turn);
        assert_eq!(all_turns(&pace).len(), 8);
    }

    #[test]
    fn being_told_of_too_much_halves_it_once_for_all_that_was_on_its_way() {
        let pace = Pace::new(64);
        let since = Instant::now();
        let turns = all_turns(&pace);
        for turn in &turns {
            turn.learn(since, Load::TooHigh);
        }
        drop(turns);
        assert_eq!(all_turns(&pace).len(), 4);
        for want in [2, 1, 1] {
            let turns = all_turns(&pace);
            turns[0].learn(Instant::now(), Load::TooHigh);
            drop(turns);
            assert_eq!(all_turns(&pace).len(), want);
        }
    }
}
