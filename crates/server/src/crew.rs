//! The workers: as many threads as cores turn pieces of windows into bodies.

use std::sync::{Arc, Mutex, PoisonError};

use sawmill_elasticsearch_out::BulkBody;
use sawmill_intake::{Intake, Piece, Progress, Tally, Worker};
use sawmill_lumberjack::FrameError;
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::error;

/// Lends a worker to one piece at a time. A piece that waits for its turn holds nothing but its bytes.
pub(crate) struct Crew {
    intake: Arc<Intake>,
    workers: Mutex<Vec<Worker>>,
    places: Semaphore,
}

/// A place at work: one of the workers is free.
pub(crate) struct Place<'a> {
    _permit: SemaphorePermit<'a>,
}

/// What a turn gave.
pub(crate) struct Turn {
    pub(crate) body: BulkBody,
    pub(crate) outcome: Result<(Progress, Tally), FrameError>,
}

/// A worker panicked: a bug of ours. Its window is not acknowledged.
#[derive(Debug, thiserror::Error)]
#[error("a worker failed; this is a bug in Sawmill, please report it with the log line above")]
pub(crate) struct WorkerFailed;

impl Crew {
    /// A crew of `size` workers.
    pub(crate) fn new(intake: Intake, size: usize) -> Self {
        let workers = (0..size).map(|_| intake.worker()).collect();
        Self {
            intake: Arc::new(intake),
            workers: Mutex::new(workers),
            places: Semaphore::new(size),
        }
    }

    /// Waits for a worker to be free.
    pub(crate) async fn place(&self) -> Place<'_> {
        match self.places.acquire().await {
            Ok(permit) => Place { _permit: permit },
            Err(_) => unreachable!("the crew is never dismissed"),
        }
    }

    /// A place, if a worker is free now.
    pub(crate) fn place_now(&self) -> Option<Place<'_>> {
        let permit = self.places.try_acquire().ok()?;
        Some(Place { _permit: permit })
    }

    /// Works on `piece` in this thread.
    pub(crate) fn work_here(&self, _place: Place<'_>, piece: &mut Piece, body: BulkBody) -> Turn {
        let mut worker = self.take();
        let turn = turn(&self.intake, &mut worker, piece, body);
        self.put_back(worker);
        turn
    }

    /// Works on `piece` in a thread of its own and gives it back.
    pub(crate) async fn work(
        &self,
        _place: Place<'_>,
        mut piece: Piece,
        body: BulkBody,
    ) -> Result<(Piece, Turn), WorkerFailed> {
        let mut worker = self.take();
        let intake = Arc::clone(&self.intake);
        let task = tokio::task::spawn_blocking(move || {
            let turn = turn(&intake, &mut worker, &mut piece, body);
            (worker, piece, turn)
        });
        match task.await {
            Ok((worker, piece, turn)) => {
                self.put_back(worker);
                Ok((piece, turn))
            }
            Err(failure) => {
                error!(%failure, "a worker panicked");
                self.put_back(self.intake.worker());
                Err(WorkerFailed)
            }
        }
    }

    fn take(&self) -> Worker {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        // There are as many workers as places.
        workers.pop().unwrap_or_else(|| self.intake.worker())
    }

    fn put_back(&self, worker: Worker) {
        self.workers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(worker);
    }
}

/// Works on `piece` until it is done or `body` is full.
fn turn(intake: &Intake, worker: &mut Worker, piece: &mut Piece, mut body: BulkBody) -> Turn {
    let outcome = intake.work(worker, piece, &mut body);
    Turn { body, outcome }
}
