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
    /// Takes note of a request's trouble; one it had before for another cause is over.
    pub(crate) fn raise<'a>(&'a self, raised: &mut Option<Raised<'a>>, trouble: &Trouble) {
        if raised
            .as_ref()
            .is_none_or(|raised| raised.cause != trouble.cause)
        {
            self.causes().entry(trouble.cause).or_default().waiting += 1;
            let before = raised.replace(Raised {
                alarm: self,
                cause: trouble.cause,
            });
            before.into_iter().for_each(Raised::over);
        }
        if self.is_due(trouble.cause) {
            say(trouble);
        }
    }

    /// What requests wait for at present.
    pub(crate) fn causes_now(&self) -> Vec<Cause> {
        let causes = self.causes();
        let waited_for = causes.iter().filter(|(_, state)| state.waiting > 0);
        waited_for.map(|(cause, _)| *cause).collect()
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
    /// The request waits for this no more.
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

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::sync::Arc;

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::subscriber::with_default;
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    /// Keeps the log lines.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<String>>>);

    impl Subscriber for Log {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut line = format!("{} ", event.metadata().level());
            event.record(&mut Line(&mut line));
            self.0.lock().unwrap().push(line);
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    struct Line<'a>(&'a mut String);

    impl Visit for Line<'_> {
        fn record_debug(&mut self, _: &Field, value: &dyn std::fmt::Debug) {
            write!(self.0, "{value:?}").unwrap();
        }
    }

    fn trouble(cause: Cause) -> Trouble {
        Trouble {
            cause,
            detail: "status 1".into(),
            items: 7,
        }
    }

    #[test]
    fn a_cause_is_named_once_for_all_requests_and_its_end_once() {
        let log = Log::default();
        with_default(log.clone(), || {
            let alarm = Alarm::default();
            let mut requests = [const { None }; 5];
            for _ in 0..10 {
                for request in &mut requests {
                    alarm.raise(request, &trouble(Cause::Credentials));
                }
            }
            assert_eq!(alarm.causes_now(), [Cause::Credentials]);
            requests.into_iter().flatten().for_each(Raised::over);
            assert_eq!(alarm.causes_now(), []);
        });
        let lines = log.0.lock().unwrap();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(
            lines[0].starts_with("ERROR 7 events wait: Elasticsearch does not accept"),
            "{lines:?}"
        );
        assert!(
            lines[1].starts_with("INFO no longer: Elasticsearch does not accept"),
            "{lines:?}"
        );
    }

    #[test]
    fn another_cause_is_named_and_a_cause_that_comes_and_goes_is_not() {
        let log = Log::default();
        with_default(log.clone(), || {
            let alarm = Alarm::default();
            let mut raised = None;
            alarm.raise(&mut raised, &trouble(Cause::Unreachable));
            for _ in 0..5 {
                alarm.raise(&mut raised, &trouble(Cause::Busy));
                raised.take().into_iter().for_each(Raised::over);
            }
        });
        let lines = log.0.lock().unwrap();
        let starts = [
            "WARN 7 events wait: Elasticsearch cannot",
            "INFO no longer: Elasticsearch cannot",
            "WARN 7 events wait: Elasticsearch is busy",
            "INFO no longer: Elasticsearch is busy",
        ];
        assert_eq!(lines.len(), starts.len(), "{lines:?}");
        assert!(
            lines
                .iter()
                .zip(starts)
                .all(|(line, start)| line.starts_with(start)),
            "{lines:?}"
        );
    }

    #[test]
    fn a_request_given_up_tells_no_end() {
        let log = Log::default();
        with_default(log.clone(), || {
            let alarm = Alarm::default();
            let mut raised = None;
            alarm.raise(&mut raised, &trouble(Cause::Busy));
            drop(raised);
            assert_eq!(alarm.causes()[&Cause::Busy].waiting, 0);
        });
        assert_eq!(log.0.lock().unwrap().len(), 1);
    }
}
