//! One turn of a contender: started, looked at, loaded, and stopped.

use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::error::BenchError;
use crate::load::{self, Ended, Route};
use crate::plan::Plan as LoadPlan;
use crate::progress::Progress;
use crate::sampler::Sampler;
use crate::windows::Pool;

use super::elasticsearch::{CountError, Elasticsearch};
use super::file::Output;
use super::interrupt::Interrupt;
use super::launch::{Folders, launch};
use super::placeholders::Values;
use super::plan::{Contender, Plan, Sink};
use super::port;
use super::process::{ProcessError, Running};
use super::results::Attempt;
use super::sink::{self, StandIn};

/// How often it is looked whether the user has seen enough.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What all turns have in common.
#[derive(Debug)]
pub(super) struct Ring<'a> {
    pub(super) plan: &'a Plan,
    pub(super) pool: Arc<Pool>,
    /// The processors of the contenders. All that there are must be named if the load keeps to some: what it starts would
    /// keep to the same.
    pub(super) server_cpus: Vec<u32>,
    /// This program, which is a contender and the sink.
    pub(super) program: &'a Path,
    pub(super) interrupt: Interrupt,
}

/// Why a turn came to nothing.
#[derive(Debug)]
pub(super) enum Missed {
    /// The contender is to blame, or the machine.
    Failed(String),
    /// The user has seen enough.
    Interrupted,
}

impl From<ProcessError> for Missed {
    fn from(error: ProcessError) -> Self {
        match error {
            ProcessError::Interrupted => Self::Interrupted,
            error => Self::Failed(error.to_string()),
        }
    }
}

impl From<CountError> for Missed {
    fn from(error: CountError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Where a contender's events go in its turn.
#[derive(Debug)]
enum Store<'a> {
    Nowhere,
    Elasticsearch {
        real: &'a Elasticsearch,
        /// Documents that were there before.
        before: u64,
    },
    StandIn(StandIn),
}

impl Store<'_> {
    fn address(&self) -> String {
        match self {
            Self::Nowhere => String::new(),
            Self::Elasticsearch { real, .. } => real.address.clone(),
            Self::StandIn(sink) => format!("127.0.0.1:{}", sink.port),
        }
    }

    /// Ends it if it is ours; returns how many documents came, if that is known.
    fn stop(self) -> Result<Option<u64>, Missed> {
        match self {
            Self::Nowhere => Ok(None),
            Self::Elasticsearch { real, before } => {
                Ok(Some(real.documents()?.saturating_sub(before)))
            }
            Self::StandIn(sink) => Ok(sink.stop()?),
        }
    }
}

impl Ring<'_> {
    /// Gives a contender its turn. However it ends, nothing is left running.
    pub(super) fn turn(&self, contender: &Contender, repeat: u32) -> Result<Attempt, Missed> {
        let failed = |reason: std::io::Error| Missed::Failed(reason.to_string());
        let own = TempDir::with_prefix("sawmill-compare-").map_err(failed)?;
        let store = match contender.output {
            Output::Nothing => Store::Nowhere,
            Output::Sink => self.store(own.path())?,
        };
        let port = match contender.port {
            Some(port) => port,
            None => port::free().map_err(failed)?,
        };
        if !port::listeners(port).is_empty() {
            return Err(Missed::Failed(format!(
                "another program listens on its port {port} already"
            )));
        }
        let folders = Folders {
            own: own.path(),
            files: &self.plan.folder,
        };
        let values = self.values(contender, own.path(), port, store.address());
        let launch = launch(contender, &values, &self.server_cpus, folders);
        let mut running = Running::start(&launch, &self.interrupt)?;
        let listening = running.listening(port, contender.start_timeout)?;
        let gone = |error: BenchError, running: &Running| {
            // Its second line is about options of a command line that nobody wrote.
            let error = error.to_string();
            let error = error.lines().next().unwrap_or_default();
            Missed::Failed(format!("{error}{}", running.last_words()))
        };
        let sampler = Sampler::new(listening.pid).map_err(|error| gone(error, &running))?;
        self.wait(self.plan.idle)?;
        let idle = sampler.sample().map_err(|error| gone(error, &running))?;
        let Ended { run, error } = self.load(contender, repeat, port, listening.pid);
        if self.interrupt.came() || matches!(error, Some(BenchError::Interrupted)) {
            return Err(Missed::Interrupted);
        }
        if let Some(error) = error {
            return Err(gone(error, &running));
        }
        let stopped = running.stop(contender.stop_timeout)?;
        let sink_events = store.stop()?;
        Ok(Attempt {
            repeat,
            start_seconds: listening.after.as_secs_f64(),
            resident_idle_bytes: idle.resident_bytes,
            run,
            sink_events,
            stopped,
        })
    }

    /// What stands for the placeholders of a contender that listens on this port and sends to that address.
    pub(super) fn values(
        &self,
        contender: &Contender,
        own: &Path,
        listen: u16,
        sink: String,
    ) -> Values {
        let paths = [own, &self.plan.folder, &contender.pipeline, self.program];
        Values::new(listen, sink, self.server_cpus.len(), paths)
    }

    fn store(&self, folder: &Path) -> Result<Store<'_>, Missed> {
        match &self.plan.sink {
            Sink::Elasticsearch(real) => {
                let before = real.documents()?;
                Ok(Store::Elasticsearch { real, before })
            }
            &Sink::StandIn { latency, jitter } => {
                let terms = sink::Terms {
                    program: self.program,
                    latency,
                    jitter,
                    cpus: &self.plan.load_cpus,
                    folder,
                };
                Ok(Store::StandIn(StandIn::start(terms, &self.interrupt)?))
            }
        }
    }

    fn load(&self, contender: &Contender, repeat: u32, port: u16, pid: u32) -> Ended {
        let address = format!("127.0.0.1:{port}");
        let plan = LoadPlan {
            route: Route {
                addresses: vec![([127, 0, 0, 1], port).into()],
                target: address,
                tls: None,
            },
            warmup: contender.warmup.unwrap_or(self.plan.load.warmup),
            pid: Some(pid),
            ..self.plan.load.clone()
        };
        let progress = Progress::new(&plan);
        let name = format!("{} #{repeat}", contender.name);
        load::run(&Arc::new(plan), &self.pool, &name, &progress)
    }

    fn wait(&self, time: Duration) -> Result<(), Missed> {
        let end = Instant::now() + time;
        loop {
            if self.interrupt.came() {
                return Err(Missed::Interrupted);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            sleep(left.min(LOOK_EVERY));
        }
    }
}
