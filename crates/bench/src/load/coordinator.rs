//! Starts the threads that send, cuts the time into slices, and brings everything to an end.

use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, sleep_until};

use crate::error::BenchError;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::results::{Latency, Run};
use crate::sampler::Sampler;
use crate::windows::Pool;

use super::meter::{Meter, per_second};
use super::tally::{Span, Tally};
use super::worker::{Report, Signal, Worker};

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// What it gave, even if it ended before its time.
    pub run: Run,
    /// Why it did.
    pub error: Option<BenchError>,
}

/// From the word to go to the first window, so that all threads have heard it.
const GO_AFTER: Duration = Duration::from_millis(5);
/// How often the number of open connections is shown.
const CONNECTED_EVERY: Duration = Duration::from_millis(100);

/// Runs the plan. When it returns, all connections are closed and all threads have ended.
pub fn run(plan: &Arc<Plan>, pool: &Arc<Pool>, name: &str, progress: &Progress) -> Ended {
    let started = Timestamp::now();
    let tallies: Vec<_> = (0..plan.threads).map(|_| Arc::default()).collect();
    let mut coordinator = Coordinator {
        plan,
        progress,
        tallies,
        meter: None,
        cut_short: None,
    };
    let error = coordinator.run(pool).err();
    let mut run = coordinator.gather(pool.event_bytes(), error.as_ref());
    name.clone_into(&mut run.name);
    run.started = format!("{started:.3}");
    Ended { run, error }
}

struct Coordinator<'a> {
    plan: &'a Arc<Plan>,
    progress: &'a Progress,
    tallies: Vec<Arc<Mutex<Tally>>>,
    /// Once the measured time has begun.
    meter: Option<Meter>,
    /// When it ended, if that was before its time.
    cut_short: Option<Instant>,
}

impl Coordinator<'_> {
    fn run(&mut self, pool: &Arc<Pool>) -> Result<(), BenchError> {
        let system = |what| move |reason| BenchError::System { what, reason };
        // A process that is not there is said before anything is sent.
        let sampler = self.plan.pid.map(Sampler::new).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(system("a runtime"))?;
        let (signal, heard) = watch::channel(Signal::Wait);
        let (sender, mut reports) = mpsc::channel(2 * self.tallies.len());
        let (taken, connected) = (Arc::default(), Arc::<AtomicU32>::default());
        let mut threads = Vec::new();
        for (place, tally) in (0..).zip(&self.tallies) {
            let worker = Worker {
                plan: Arc::clone(self.plan),
                pool: Arc::clone(pool),
                taken: Arc::clone(&taken),
                tally: Arc::clone(tally),
                signal: heard.clone(),
                connected: Arc::clone(&connected),
                reports: sender.clone(),
                place,
            };
            let thread = thread::Builder::new().name(format!("load-{place}"));
            threads.push(
                thread
                    .spawn(move || worker.work())
                    .map_err(system("a thread"))?,
            );
        }
        drop(sender);
        let ended = runtime.block_on(async {
            tokio::select! {
                ended = self.conduct(sampler, &signal, &mut reports, &connected) => ended,
                _ = tokio::signal::ctrl_c() => Err(BenchError::Interrupted),
            }
        });
        if ended.is_err() {
            self.cut_short = Some(Instant::now());
        }
        let _ = signal.send(Signal::Abort);
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
        ended
    }

    /// The run from the first connection to the last ACK.
    async fn conduct(
        &mut self,
        sampler: Option<Sampler>,
        signal: &watch::Sender<Signal>,
        reports: &mut mpsc::Receiver<Report>,
        connected: &AtomicU32,
    ) -> Result<(), BenchError> {
        self.await_ready(reports, connected).await?;
        let start = Instant::now() + GO_AFTER;
        let from = start + self.plan.warmup;
        let until = self.plan.time.map(|time| from + time);
        for tally in &self.tallies {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.measure(Span { from, until });
        }
        let _ = signal.send(Signal::Go { start, until });
        let mut working = self.tallies.len();
        self.progress.warming_up(self.plan.warmup);
        tokio::select! {
            () = sleep_until(from.into()) => {}
            ended = all_done(reports, &mut working) => ended?,
        }
        let meter = Meter::begin(self.tallies.clone(), sampler, from)?;
        let meter = self.meter.insert(meter);
        self.progress.measuring(self.plan);
        let mut next = from;
        loop {
            next += self.plan.slice;
            // A last slice that is hardly one is added to the one before it.
            let last = until.is_some_and(|until| next + self.plan.slice / 2 > until);
            let end = until.filter(|_| last).unwrap_or(next);
            tokio::select! {
                () = sleep_until(end.into()) => self.progress.cut(meter.cut()?),
                ended = all_done(reports, &mut working), if working > 0 => {
                    ended?;
                    if until.is_none() {
                        // The numbered events are all acknowledged.
                        meter.cut()?;
                        return Ok(());
                    }
                    sleep_until(end.into()).await;
                    self.progress.cut(meter.cut()?);
                }
            }
            if last {
                break;
            }
        }
        self.progress.draining();
        all_done(reports, &mut working).await
    }

    async fn await_ready(
        &self,
        reports: &mut mpsc::Receiver<Report>,
        connected: &AtomicU32,
    ) -> Result<(), BenchError> {
        let mut ready = 0;
        while ready < self.tallies.len() {
            tokio::select! {
                report = reports.recv() => match report {
                    Some(Report::Ready) => ready += 1,
                    Some(Report::Failed(error)) => return Err(error),
                    // A worker that ends without a word has panicked; its thread says why.
                    Some(Report::Done) | None => pending().await,
                },
                () = sleep(CONNECTED_EVERY) => self.progress.connected(connected.load(Ordering::Relaxed)),
            }
        }
        Ok(())
    }

    fn gather(&self, event_bytes: f64, error: Option<&BenchError>) -> Run {
        let mut all = Tally::default();
        for tally in &self.tallies {
            all.add(&tally.lock().unwrap_or_else(PoisonError::into_inner));
        }
        let seconds = self.seconds(&all);
        let events = all.totals.events;
        let meter = self.meter.as_ref();
        let mut notes = Vec::new();
        if all.idle_closed > 0 {
            notes.push(format!(
                "the server closed {} of {} idle connections",
                all.idle_closed, self.plan.idle_connections
            ));
        }
        Run {
            name: String::new(),
            started: String::new(),
            asked: self.plan.asked(event_bytes),
            seconds,
            totals: all.totals,
            events_per_second: per_second(events, seconds),
            latency: Latency::of(&all.latency),
            ack_wait: Latency::of(&all.ack_wait),
            windows_unsent: all.windows_unsent,
            own_cpu_ns_per_event: meter.map_or(0.0, |meter| meter.own_cpu_ns_per_event(events)),
            watched: meter.and_then(|meter| meter.watched(events)),
            slices: meter.map(|meter| meter.slices.clone()).unwrap_or_default(),
            whole: all.whole,
            violations: all.violations.into_values().collect(),
            errors: error.iter().map(ToString::to_string).collect(),
            notes,
            ramp: None,
        }
    }

    /// Length of the measured time.
    fn seconds(&self, all: &Tally) -> f64 {
        let Some(meter) = &self.meter else {
            return 0.0;
        };
        let end = match (self.plan.time, self.cut_short) {
            (_, Some(cut_short)) => self
                .plan
                .time
                .map_or(cut_short, |time| cut_short.min(meter.from() + time)),
            (Some(time), None) => meter.from() + time,
            // Not with the wait for what may come too much.
            (None, None) => all.last_settled.unwrap_or(meter.until()),
        };
        end.saturating_duration_since(meter.from()).as_secs_f64()
    }
}

/// Waits until all workers have said that they are done, or one that it failed.
async fn all_done(
    reports: &mut mpsc::Receiver<Report>,
    working: &mut usize,
) -> Result<(), BenchError> {
    while *working > 0 {
        match reports.recv().await {
            Some(Report::Done) => *working -= 1,
            Some(Report::Failed(error)) => return Err(error),
            Some(Report::Ready) => {}
            None => return Ok(()),
        }
    }
    Ok(())
}
