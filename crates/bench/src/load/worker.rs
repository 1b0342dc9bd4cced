//! One thread that sends: its share of the connections, in a runtime of its own.

use std::rc::Rc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinSet, LocalSet};

use crate::error::BenchError;
use crate::plan::Plan;
use crate::windows::Pool;

use super::conversation::{Conversation, Shared};
use super::pacer::Pacer;
use super::supply::{Schedule, Supply};
use super::tally::Tally;

/// Connections that a thread opens at the same time. More would only fill the server's queue of those to be accepted.
const OPENING_MAX: usize = 32;

/// What the coordinator tells its workers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signal {
    /// Connect, then wait.
    Wait,
    /// Send.
    Go {
        /// When the first window is due.
        start: Instant,
        /// When to stop sending, unless the events are numbered.
        until: Option<Instant>,
    },
    /// Drop everything.
    Abort,
}

/// What a worker tells the coordinator.
#[derive(Debug)]
pub(super) enum Report {
    /// All connections are.
    Ready,
    /// All is sent and acknowledged.
    Done,
    /// It went no further.
    Failed(BenchError),
}

/// What a worker needs.
#[derive(Clone)]
pub(super) struct Worker {
    pub(super) plan: Arc<Plan>,
    pub(super) pool: Arc<Pool>,
    /// Windows that all workers together have taken.
    pub(super) taken: Arc<AtomicU64>,
    pub(super) tally: Arc<Mutex<Tally>>,
    pub(super) signal: watch::Receiver<Signal>,
    /// Connections that all workers together have opened.
    pub(super) connected: Arc<AtomicU32>,
    /// Has room for two reports of each worker.
    pub(super) reports: mpsc::Sender<Report>,
    /// Its place among the workers, from 0.
    pub(super) place: u32,
}

impl Worker {
    /// Works until all is done, or the coordinator says to drop everything.
    pub(super) fn work(self) {
        let reports = self.reports.clone();
        let report = match self.run() {
            Ok(()) => Report::Done,
            Err(error) => Report::Failed(error),
        };
        // Nobody listens any more if another worker has failed.
        let _ = reports.try_send(report);
    }

    fn run(self) -> Result<(), BenchError> {
        let system = |what| move |reason| BenchError::System { what, reason };
        if !self.plan.pin.is_empty() {
            crate::pin::pin_one_of(&self.plan.pin, self.place)?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(system("a runtime"))?;
        LocalSet::new().block_on(&runtime, async {
            let shared = Rc::new(Shared {
                terms: self.plan.terms(),
                pacer: Pacer::new().map_err(system("a timer"))?,
                tally: Arc::clone(&self.tally),
            });
            let mut signal = self.signal.clone();
            let aborted = signal.wait_for(|signal| matches!(signal, Signal::Abort));
            tokio::select! {
                ended = shared.pacer.run() => ended.map_err(system("a timer")),
                _ = aborted => Ok(()),
                done = self.converse(&shared) => done,
            }
        })
    }

    async fn converse(&self, shared: &Rc<Shared>) -> Result<(), BenchError> {
        let (busy, idle) = self.connect(shared).await?;
        let _ = self.reports.try_send(Report::Ready);
        let mut signal = self.signal.clone();
        let go = signal
            .wait_for(|signal| matches!(signal, Signal::Go { .. }))
            .await;
        let (start, until) = match go.as_deref() {
            Ok(Signal::Go { start, until }) => (*start, *until),
            // The coordinator has gone.
            Ok(Signal::Wait | Signal::Abort) | Err(_) => return Ok(()),
        };
        drop(go);
        let mut idlers = JoinSet::new();
        for mut conversation in idle {
            idlers.spawn_local(async move { conversation.sit_idle().await });
        }
        let give_up_at = until.map(|until| until + shared.terms.ack_timeout);
        let mut senders = JoinSet::new();
        for (place, mut conversation) in busy {
            let supply = self.supply(place, start, until);
            senders.spawn_local(async move { conversation.hold(supply, give_up_at).await });
        }
        tokio::select! {
            done = all(&mut senders) => done,
            // Idle connections that the server closes are counted, and no reason to end.
            Err(error) = all_or_for_ever(&mut idlers) => Err(error),
        }
    }

    fn supply(&self, place: u32, start: Instant, until: Option<Instant>) -> Supply {
        let plan = &self.plan;
        let schedule = plan.rate.map(|rate| {
            let window_events = u64::from(plan.packing.window_events);
            Schedule::new(place.into(), plan.connections.into(), window_events, rate)
        });
        Supply::Load {
            pool: Arc::clone(&self.pool),
            taken: Arc::clone(&self.taken),
            start,
            until,
            schedule,
        }
    }

    /// Opens this worker's share of the connections: those that send, with their place among all, and those that do not.
    async fn connect(
        &self,
        shared: &Rc<Shared>,
    ) -> Result<(Vec<(u32, Conversation)>, Vec<Conversation>), BenchError> {
        let Plan {
            connections,
            idle_connections,
            threads,
            ..
        } = *self.plan;
        let turns = Rc::new(Semaphore::new(OPENING_MAX));
        let mut opening = JoinSet::new();
        let share = (self.place..connections + idle_connections).step_by(threads as usize);
        for place in share {
            let (turns, shared, worker) = (Rc::clone(&turns), Rc::clone(shared), self.clone());
            opening.spawn_local(async move {
                let _turn = turns.acquire().await;
                let conversation = worker.open(place, shared).await?;
                worker.connected.fetch_add(1, Ordering::Relaxed);
                Ok((place, conversation))
            });
        }
        let (mut busy, mut idle) = (Vec::new(), Vec::new());
        while let Some(opened) = opening.join_next().await {
            let (place, conversation) = joined(opened)?;
            if place < connections {
                busy.push((place, conversation));
            } else {
                idle.push(conversation);
            }
        }
        Ok((busy, idle))
    }

    /// Connects, and sends the windows that show whether it is a Beats server at all and how strict it is.
    async fn open(&self, place: u32, shared: Rc<Shared>) -> Result<Conversation, BenchError> {
        let number = place + 1;
        let stream = self.plan.route.connect(number).await?;
        let mut conversation = Conversation::new(stream, number, shared);
        if place < self.plan.connections {
            let opening = Supply::opening(self.pool.opening.to_vec(), self.plan.hold);
            conversation.hold(opening, None).await?;
        }
        Ok(conversation)
    }
}

/// Waits for all, or the first that fails.
async fn all(tasks: &mut JoinSet<Result<(), BenchError>>) -> Result<(), BenchError> {
    while let Some(ended) = tasks.join_next().await {
        joined(ended)?;
    }
    Ok(())
}

async fn all_or_for_ever(tasks: &mut JoinSet<Result<(), BenchError>>) -> Result<(), BenchError> {
    all(tasks).await?;
    std::future::pending().await
}

fn joined<T>(
    ended: Result<Result<T, BenchError>, tokio::task::JoinError>,
) -> Result<T, BenchError> {
    match ended {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => unreachable!("nobody cancels a connection but by dropping all of them"),
    }
}
