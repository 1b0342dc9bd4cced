//! A bar on stderr, if that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::plan::Plan;
use crate::results::Slice;

/// Shows how far a run has come.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    connections: u32,
}

impl Progress {
    /// A bar for a run of this plan; `indicatif` shows nothing where there is no terminal.
    pub fn new(plan: &Plan) -> Self {
        Self {
            bar: ProgressBar::new_spinner(),
            connections: plan.connections + plan.idle_connections,
        }
    }

    pub(crate) fn connected(&self, connections: u32) {
        let all = self.connections;
        self.bar
            .set_message(format!("{connections} of {all} connections open"));
        self.bar.tick();
    }

    pub(crate) fn warming_up(&self, time: Duration) {
        self.bar.set_message(format!("warming up for {time:?}"));
        self.bar.tick();
    }

    pub(crate) fn measuring(&self, plan: &Plan) {
        let Some(time) = plan.time else {
            self.bar.set_message("measuring");
            return;
        };
        let form = "{bar:30} {elapsed}/{eta} left  {msg}";
        if let Ok(style) = ProgressStyle::with_template(form) {
            self.bar.set_style(style);
        }
        self.bar.reset();
        self.bar.set_length(time.as_millis() as u64);
    }

    pub(crate) fn cut(&self, slice: &Slice) {
        let (rate, p99_us) = (slice.events_per_second, slice.p99_us);
        self.bar
            .set_message(format!("{rate:.0} events/s, p99 {p99_us} µs"));
        self.bar
            .inc(Duration::from_secs_f64(slice.seconds).as_millis() as u64);
    }

    pub(crate) fn draining(&self) {
        self.bar.set_message("waiting for the last ACKs");
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
