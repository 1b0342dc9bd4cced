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

    /// Works on `piece` until it is done or `body` is full, and gives both back.
    pub(crate) async fn work(
        &self,
        _place: Place<'_>,
        mut piece: Piece,
        mut body: BulkBody,
    ) -> Result<(Piece, Turn), WorkerFailed> {
        let mut worker = self.take();
        let intake = Arc::clone(&self.intake);
        let task = tokio::task::spawn_blocking(move || {
            let outcome = intake.work(&mut worker, &mut piece, &mut body);
            (worker, piece, Turn { body, outcome })
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
