//! Says that something is wrong, once: not at every try, and not once for every request in flight.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::outcome::{Cause, Severity};
use crate::request::Trouble;

/// How often the same cause is named again while it lasts or comes and goes.
const REMINDER: Duration = Duration::from_mins(5);

/// What is wrong at present, over all requests in flight.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    causes: Mutex<BTreeMap<Cause, State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Requests that wait for this cause to pass.
    waiting: usize,
    /// When it was last named in the log.
    said: Option<Instant>,
    /// Whether its end is still to be told.
    end_owed: bool,
}

/// What one request waits for. Dropped without [`over`](Raised::over), for example at shutdown, it tells nothing.
#[derive(Debug)]
pub(crate) struct Raised<'a> {
    alarm: &'a Alarm,
    cause: Cause,
}

impl Alarm {
    /// Takes note of a request's trouble, in place of the one it had.
    pub(crate) fn raise<'a>(&'a self, raised: &mut Option<Raised<'a>>, trouble: &Trouble) {
        if raised
            .as_ref()
            .is_none_or(|raised| raised.cause != trouble.cause)
        {
            *raised = Some(Raised {
                alarm: self,
                cause: trouble.cause,
            });
            self.causes().entry(trouble.cause).or_default().waiting += 1;
        }
        if self.is_due(trouble.cause) {
            say(trouble);
        }
    }

    fn is_due(&self, cause: Cause) -> bool {
        let mut causes = self.causes();
        let state = causes.entry(cause).or_default();
        let due = state.said.is_none_or(|said| said.elapsed() >= REMINDER);
        if due {
            state.said = Some(Instant::now());
            state.end_owed = true;
        }
        due
    }

    fn causes(&self) -> MutexGuard<'_, BTreeMap<Cause, State>> {
        // Counters cannot be left half-changed, so what a panicking thread left is good.
        self.causes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Raised<'_> {
    /// The request went through.
    pub(crate) fn over(self) {
        let mut causes = self.alarm.causes();
        let state = causes.entry(self.cause).or_default();
        if state.waiting == 1 && std::mem::take(&mut state.end_owed) {
            tracing::info!("no longer: {}", self.cause);
        }
    }
}

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.alarm.causes().entry(self.cause).or_default().waiting -= 1;
    }
}

fn say(trouble: &Trouble) {
    let Trouble {
        cause,
        detail,
        items,
    } = trouble;
    let sentence = cause.sentence(detail);
    match cause.severity() {
        Severity::Info => tracing::info!("{items} events wait: {sentence}"),
        Severity::Warning => tracing::warn!("{items} events wait: {sentence}"),
        Severity::Error => tracing::error!("{items} events wait: {sentence}"),
    }
}
