//! The workers: as many threads as cores turn pieces of windows into bodies.

use std::sync::{Arc, Mutex, PoisonError};

use sawmill_elasticsearch_out::BulkBody;
use sawmill_intake::{Intake, Piece, Progress, Room, Tally, Worker};
use sawmill_lumberjack::FrameError;
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::error;

/// Lends a worker to one piece at a time. A piece that waits for its turn holds nothing but its bytes, or is one of a few long ones.
pub(crate) struct Crew {
    intake: Arc<Intake>,
    workers: Mutex<Vec<Worker>>,
    places: Semaphore,
    long: Semaphore,
}

/// Pieces, for each worker, that may keep inflater and text between their turns.
const LONG_EACH: usize = 2;

/// A place at work: one of the workers is free.
pub(crate) struct Place<'a> {
    _permit: SemaphorePermit<'a>,
}

/// A piece has it that needs more than one turn, until it is done.
pub(crate) struct Long<'a> {
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

/// Text that a turn passes at most: some milliseconds' worth where none of it is stored.
const TURN_BYTES: usize = 16 << 20;

/// The same in a thread that serves connections.
pub(crate) const TURN_BYTES_HERE: usize = 512 << 10;

impl Crew {
    /// A crew of `size` workers.
    pub(crate) fn new(intake: Intake, size: usize) -> Self {
        let workers = (0..size).map(|_| intake.worker()).collect();
        Self {
            intake: Arc::new(intake),
            workers: Mutex::new(workers),
            places: Semaphore::new(size),
            long: Semaphore::new(LONG_EACH * size),
        }
    }

    /// Waits for a worker to be free.
    pub(crate) async fn place(&self) -> Place<'_> {
        match self.places.acquire().await {
            Ok(permit) => Place { _permit: permit },
            Err(_) => unreachable!("the crew is never dismissed"),
        }
    }

    /// Waits until a piece that needs more than one turn may keep what it has inflated.
    pub(crate) async fn long(&self) -> Long<'_> {
        match self.long.acquire().await {
            Ok(permit) => Long { _permit: permit },
            Err(_) => unreachable!("the crew is never dismissed"),
        }
    }

    /// A place, if a worker is free now.
    pub(crate) fn place_now(&self) -> Option<Place<'_>> {
        let permit = self.places.try_acquire().ok()?;
        Some(Place { _permit: permit })
    }

    /// Works on `piece` in this thread, until its body has so many bytes.
    pub(crate) fn work_here(
        &self,
        _place: Place<'_>,
        piece: &mut Piece,
        body: BulkBody,
        body_bytes: usize,
        long: Option<&Long<'_>>,
    ) -> Turn {
        let mut worker = self.take();
        let room = Room {
            body_bytes,
            text_bytes: TURN_BYTES_HERE,
            keep: long.is_some(),
        };
        let turn = turn(&self.intake, &mut worker, piece, body, room);
        self.put_back(worker);
        turn
    }

    /// Works on `piece` in a thread of its own, until its body has so many bytes, and gives it back.
    pub(crate) async fn work(
        &self,
        _place: Place<'_>,
        mut piece: Piece,
        body: BulkBody,
        body_bytes: usize,
        long: Option<&Long<'_>>,
    ) -> Result<(Piece, Turn), WorkerFailed> {
        let mut worker = self.take();
        let intake = Arc::clone(&self.intake);
        let room = Room {
            body_bytes,
            text_bytes: TURN_BYTES,
            keep: long.is_some(),
        };
        let task = tokio::task::spawn_blocking(move || {
            let turn = turn(&intake, &mut worker, &mut piece, body, room);
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

fn turn(
    intake: &Intake,
    worker: &mut Worker,
    piece: &mut Piece,
    mut body: BulkBody,
    room: Room,
) -> Turn {
    let outcome = intake.work(worker, piece, &mut body, room);
    Turn { body, outcome }
}
