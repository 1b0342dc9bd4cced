//! Ctrl-C and SIGTERM: what runs is ended, then we are.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::signal::unix::{SignalKind, signal};

/// Whether the user has seen enough.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    came: AtomicBool,
    /// The process group of the contender that runs.
    running: Mutex<Option<Pid>>,
}

impl Interrupt {
    /// Listens from now on, for as long as the program runs.
    pub(super) fn listen() -> io::Result<Self> {
        let interrupt = Self::default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut signals = {
            let _inside = runtime.enter();
            [SignalKind::interrupt(), SignalKind::terminate()].map(signal)
        };
        if let Some(error) = signals.iter_mut().find_map(|it| it.as_mut().err()) {
            return Err(io::Error::new(error.kind(), error.to_string()));
        }
        let shared = Arc::clone(&interrupt.shared);
        thread::Builder::new()
            .name("interrupt".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let [Ok(interrupt), Ok(terminate)] = &mut signals else {
                        return;
                    };
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                    }
                    shared.came();
                });
            })?;
        Ok(interrupt)
    }

    /// Whether a signal has come.
    pub(super) fn came(&self) -> bool {
        self.shared.came.load(Ordering::Relaxed)
    }

    /// This group is killed when a signal comes, which ends a load on it.
    pub(super) fn guard(&self, group: Option<Pid>) {
        *self.shared.running() = group;
    }
}

impl Shared {
    fn came(&self) {
        self.came.store(true, Ordering::Relaxed);
        if let Some(group) = *self.running() {
            // It may have ended by itself just now.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Pid>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
