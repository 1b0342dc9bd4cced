//! What is compared: the file, checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::thread::sched_getaffinity;
use serde_spanned::Spanned;

use crate::events::{Generator, Shape, Share, Source};
use crate::load::{OnViolation, Partials, Route};
use crate::plan::Plan as LoadPlan;
use crate::values;
use crate::windows::Packing;

use super::elasticsearch::{self, Elasticsearch};
use super::error::CompareError;
use super::file::{self, Output};
use super::placeholders;

/// Processors that a machine may have.
const CPUS_MAX: u32 = 1_024;
/// How long the last byte of a connection's first window is held back, to see whether the server waits for it.
const HOLD: Duration = Duration::from_millis(20);
/// Windows that differ from each other. Their events are of all kinds after a few.
const DISTINCT_WINDOWS: u64 = 32;

/// What is compared. Everything in it has been checked, but for what the machine has.
#[derive(Debug)]
pub(super) struct Plan {
    /// The folder of the file, absolute.
    pub(super) folder: PathBuf,
    pub(super) repeats: u32,
    pub(super) server_cpus: Vec<u32>,
    pub(super) load_cpus: Vec<u32>,
    pub(super) idle: Duration,
    /// All but where to, whom to watch, and a contender's own warm-up.
    pub(super) load: LoadPlan,
    pub(super) shape: Shape,
    pub(super) sink: Sink,
    pub(super) contenders: Vec<Contender>,
}

/// Where the contenders' events go.
#[derive(Debug)]
pub(super) enum Sink {
    Elasticsearch(Elasticsearch),
    StandIn { latency: Duration, jitter: Duration },
}

/// One server.
#[derive(Debug)]
pub(super) struct Contender {
    pub(super) name: String,
    pub(super) program: Program,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) directory: Option<String>,
    pub(super) pipeline: PathBuf,
    pub(super) version: Vec<String>,
    pub(super) install: String,
    pub(super) output: Output,
    pub(super) port: Option<u16>,
    pub(super) start_timeout: Duration,
    pub(super) stop_timeout: Duration,
    pub(super) warmup: Option<Duration>,
}

/// What is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// A program with its arguments.
    Command(Vec<String>),
    /// A container image, and what follows its name.
    Image(String, Vec<String>),
}

impl Plan {
    /// Reads and checks a file.
    pub(super) fn read(path: &Path) -> Result<Self, CompareError> {
        let unread = |reason| CompareError::Read {
            path: path.to_owned(),
            reason,
        };
        let text = fs::read_to_string(path).map_err(unread)?;
        let absolute = fs::canonicalize(path).map_err(unread)?;
        let folder = absolute.parent().unwrap_or(Path::new("/"));
        Reader { path, text: &text }.plan(folder)
    }

    /// The events to send.
    pub(super) fn source(&self) -> Source {
        Source::Generated(Generator::new(self.load.seed, self.shape))
    }
}

/// The processors that this process may use now.
pub(super) fn usable_cpus() -> Result<Vec<u32>, CompareError> {
    let usable = sched_getaffinity(None).map_err(|reason| CompareError::System {
        what: "the list of processors",
        reason: reason.into(),
    })?;
    let cpus = 0..CPUS_MAX;
    Ok(cpus.filter(|&cpu| usable.is_set(cpu as usize)).collect())
}

/// A file that is being checked.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn plan(&self, folder: &Path) -> Result<Plan, CompareError> {
        let file: file::File = toml_edit::de::from_str(self.text).map_err(|error| {
            let what = error.message().trim_end().replace('\n', ", ");
            self.wrong(
                &error.span().unwrap_or_default(),
                what,
                "benches/contenders/README.md has all keys",
            )
        })?;
        let server_cpus = self.cpus(file.server_cpus.as_ref())?;
        let load_cpus = self.cpus(file.load_cpus.as_ref())?;
        let mut contenders = Vec::new();
        let mut names = BTreeSet::new();
        for contender in &file.contenders {
            if !names.insert(contender.name.get_ref()) {
                let what = format!(
                    "a second contender is called `{}`",
                    contender.name.get_ref()
                );
                return Err(self.wrong(
                    &contender.name.span(),
                    what,
                    "give each a name of its own",
                ));
            }
            self.measured_once(&file.load, contender.warmup.as_ref())?;
            contenders.push(self.contender(contender, folder)?);
        }
        if contenders.is_empty() {
            let what = "there is no contender".to_owned();
            return Err(self.wrong(
                &(0..0),
                what,
                "add a table [[contender]] with name and command",
            ));
        }
        let (load, shape) = self.load(&file.load, &load_cpus)?;
        Ok(Plan {
            folder: folder.to_owned(),
            repeats: self.number("repeats", file.repeats.as_ref(), 3, 1..1_001)?,
            server_cpus,
            load_cpus,
            idle: self.time(file.idle.as_ref(), Duration::from_secs(1))?,
            load,
            shape,
            sink: self.sink(&file.sink)?,
            contenders,
        })
    }

    fn sink(&self, sink: &file::Sink) -> Result<Sink, CompareError> {
        let stands_in = sink.latency.as_ref().or(sink.jitter.as_ref());
        let belongs_to_real = sink.user.as_ref().or(sink.index.as_ref());
        match (&sink.elasticsearch, stands_in, belongs_to_real) {
            (Some(url), None, _) => {
                let bare = elasticsearch::address(url.get_ref());
                let address = bare.map_err(|what| {
                    let hint = "give scheme, host and port; https is not supported here";
                    self.wrong(&url.span(), what, hint)
                })?;
                let word =
                    |word: &Option<Spanned<String>>| word.as_ref().map(|it| it.get_ref().clone());
                Ok(Sink::Elasticsearch(Elasticsearch {
                    url: url.get_ref().clone(),
                    address,
                    user: word(&sink.user),
                    password: sink.password.clone().unwrap_or_default(),
                    index: word(&sink.index).unwrap_or_else(|| "logs-*".to_owned()),
                }))
            }
            (Some(_), Some(time), _) => {
                let what = "a real Elasticsearch takes the time that it takes".to_owned();
                let hint = "leave out `latency` and `jitter`, or `elasticsearch`";
                Err(self.wrong(&time.span(), what, hint))
            }
            (None, _, Some(word)) => {
                let what = "the stand-in has neither users nor indices".to_owned();
                Err(self.wrong(
                    &word.span(),
                    what,
                    "leave it out, or name a real `elasticsearch`",
                ))
            }
            (None, _, None) => self.stand_in(sink),
        }
    }

    fn stand_in(&self, sink: &file::Sink) -> Result<Sink, CompareError> {
        let latency = self.time(sink.latency.as_ref(), Duration::ZERO)?;
        let jitter = self.time(sink.jitter.as_ref(), Duration::ZERO)?;
        if let Some(span) = sink.jitter.as_ref().filter(|_| jitter > latency) {
            let what = format!("a jitter of {jitter:?} is more than the latency of {latency:?}");
            let hint = "an answer cannot come before its request";
            return Err(self.wrong(&span.span(), what, hint));
        }
        Ok(Sink::StandIn { latency, jitter })
    }

    fn load(&self, load: &file::Load, cpus: &[u32]) -> Result<(LoadPlan, Shape), CompareError> {
        let shape = self.shape(load)?;
        let events = load.events.as_ref();
        if let (Some(time), Some(_)) = (&load.time, events) {
            let what = "both `time` and `events` say how long to measure".to_owned();
            return Err(self.wrong(&time.span(), what, "leave one of them out"));
        }
        self.measured_once(load, load.warmup.as_ref())?;
        let time = match events {
            Some(_) => None,
            None => Some(self.positive_time(load.time.as_ref(), Duration::from_secs(10))?),
        };
        let rate = load.rate.as_ref();
        let plan = LoadPlan {
            route: Route {
                target: String::new(),
                addresses: Vec::new(),
                tls: None,
            },
            connections: self.number("connections", load.connections.as_ref(), 4, 1..100_001)?,
            idle_connections: self.number(
                "idle_connections",
                load.idle_connections.as_ref(),
                0,
                0..100_001,
            )?,
            windows_in_flight: self.number(
                "windows_in_flight",
                load.windows_in_flight.as_ref(),
                2,
                1..1_001,
            )?,
            packing: self.packing(load)?,
            seed: load.seed.unwrap_or(1),
            rate: match rate {
                Some(_) => Some(self.number("rate", rate, 0, 1..1_000_000_000)?),
                None => None,
            },
            time,
            warmup: match events {
                Some(_) => Duration::ZERO,
                None => self.time(load.warmup.as_ref(), Duration::from_secs(2))?,
            },
            hold: HOLD,
            ack_timeout: self.positive_time(load.ack_timeout.as_ref(), Duration::from_secs(30))?,
            // What a server does wrong is part of the comparison, not its end.
            partials: Partials::Refused,
            on_violation: OnViolation::Count,
            threads: self.number("threads", load.threads.as_ref(), 1, 1..257)?,
            pin: cpus.to_vec(),
            slice: Duration::from_secs(1),
            pid: None,
        };
        Ok((plan, shape))
    }

    /// What the events look like.
    fn shape(&self, load: &file::Load) -> Result<Shape, CompareError> {
        let usual = Shape::default();
        Ok(Shape {
            size_bytes: self.number(
                "event_bytes",
                load.event_bytes.as_ref(),
                usual.size_bytes,
                1..1 << 20,
            )?,
            other_groups: self.share(load.other_groups.as_ref(), usual.other_groups)?,
            without_milliseconds: self.share(
                load.without_milliseconds.as_ref(),
                usual.without_milliseconds,
            )?,
            unmatched: self.share(load.unmatched.as_ref(), usual.unmatched)?,
            tracebacks: self.share(load.tracebacks.as_ref(), usual.tracebacks)?,
        })
    }

    /// How they are put into windows.
    fn packing(&self, load: &file::Load) -> Result<Packing, CompareError> {
        let window_events = self.number(
            "window_events",
            load.window_events.as_ref(),
            2_048,
            1..100_001,
        )?;
        let events = load.events.as_ref();
        Ok(Packing {
            window_events,
            compression: self.number("compression", load.compression.as_ref(), 3, 0..10)?,
            distinct_events: DISTINCT_WINDOWS * u64::from(window_events),
            events: match events {
                Some(_) => Some(self.number("events", events, 0, 1..u64::MAX)?),
                None => None,
            },
        })
    }

    /// A certain number of events is measured from the first to the last, without any before.
    fn measured_once(
        &self,
        load: &file::Load,
        warmup: Option<&Spanned<String>>,
    ) -> Result<(), CompareError> {
        match (&load.events, warmup) {
            (Some(_), Some(warmup)) => {
                let what = "`events` are counted from the first, without a `warmup`".to_owned();
                Err(self.wrong(
                    &warmup.span(),
                    what,
                    "leave it out, or give `time` for `events`",
                ))
            }
            _ => Ok(()),
        }
    }

    fn contender(
        &self,
        contender: &file::Contender,
        folder: &Path,
    ) -> Result<Contender, CompareError> {
        let name = contender.name.get_ref();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || !name.bytes().all(fits) {
            let what = format!("`{name}` cannot be a contender's name");
            return Err(self.wrong(
                &contender.name.span(),
                what,
                "use letters, digits, `-`, `_` and `.`",
            ));
        }
        let pipeline = match &contender.pipeline {
            None => PathBuf::new(),
            Some(pipeline) => {
                let path = folder.join(pipeline.get_ref());
                let Ok(path) = fs::canonicalize(&path) else {
                    let what = format!("there is no pipeline {}", path.display());
                    return Err(self.wrong(
                        &pipeline.span(),
                        what,
                        "its path starts at this file's folder",
                    ));
                };
                path
            }
        };
        Ok(Contender {
            name: name.clone(),
            program: self.program(contender)?,
            environment: contender
                .environment
                .iter()
                .map(|(name, value)| Ok((name.clone(), self.text(value)?)))
                .collect::<Result<_, CompareError>>()?,
            directory: contender
                .directory
                .as_ref()
                .map(|it| self.text(it))
                .transpose()?,
            pipeline,
            version: contender
                .version
                .as_ref()
                .map_or(Ok(Vec::new()), |it| self.words(it))?,
            install: contender.install.clone(),
            output: contender.output,
            port: match &contender.port {
                Some(_) => Some(self.number("port", contender.port.as_ref(), 0, 1..65_535)?),
                None => None,
            },
            start_timeout: self
                .positive_time(contender.start_timeout.as_ref(), Duration::from_mins(1))?,
            stop_timeout: self.time(contender.stop_timeout.as_ref(), Duration::from_secs(20))?,
            warmup: match &contender.warmup {
                Some(_) => Some(self.time(contender.warmup.as_ref(), Duration::ZERO)?),
                None => None,
            },
        })
    }

    fn program(&self, contender: &file::Contender) -> Result<Program, CompareError> {
        let words = contender
            .command
            .as_ref()
            .map(|command| self.words(command))
            .transpose()?;
        match (&contender.image, words) {
            (Some(image), words) => {
                Ok(Program::Image(self.text(image)?, words.unwrap_or_default()))
            }
            (None, Some(words)) if words.first().is_some_and(|program| !program.is_empty()) => {
                Ok(Program::Command(words))
            }
            (None, Some(_)) => {
                let span = contender
                    .command
                    .as_ref()
                    .map(Spanned::span)
                    .unwrap_or_default();
                Err(self.wrong(
                    &span,
                    "the command is empty".to_owned(),
                    "name the program first, then its arguments",
                ))
            }
            (None, None) => {
                let what = format!(
                    "`{}` has neither command nor image",
                    contender.name.get_ref()
                );
                Err(self.wrong(
                    &contender.name.span(),
                    what,
                    "add a line command = [\"PROGRAM\", \"ARGUMENT\"]",
                ))
            }
        }
    }

    fn words(&self, words: &Spanned<Vec<String>>) -> Result<Vec<String>, CompareError> {
        for word in words.get_ref() {
            placeholders::check(word).map_err(|what| {
                self.wrong(
                    &words.span(),
                    what,
                    "`$` before the brace leaves it to a shell",
                )
            })?;
        }
        Ok(words.get_ref().clone())
    }

    fn text(&self, text: &Spanned<String>) -> Result<String, CompareError> {
        placeholders::check(text.get_ref()).map_err(|what| {
            self.wrong(
                &text.span(),
                what,
                "`$` before the brace leaves it to a shell",
            )
        })?;
        Ok(text.get_ref().clone())
    }

    fn cpus(&self, cpus: Option<&Spanned<Vec<u32>>>) -> Result<Vec<u32>, CompareError> {
        let Some(cpus) = cpus else {
            return Ok(Vec::new());
        };
        let usable = usable_cpus()?;
        if cpus.get_ref().is_empty() {
            let what = "an empty list leaves nothing to run on".to_owned();
            return Err(self.wrong(&cpus.span(), what, "leave it out for any processor"));
        }
        if let Some(bad) = cpus.get_ref().iter().find(|cpu| !usable.contains(cpu)) {
            let what = format!("there is no processor {bad}; this process may use {usable:?}");
            return Err(self.wrong(&cpus.span(), what, "leave it out for any processor"));
        }
        Ok(cpus.get_ref().clone())
    }

    fn number<N>(
        &self,
        key: &str,
        number: Option<&Spanned<N>>,
        usual: N,
        range: Range<N>,
    ) -> Result<N, CompareError>
    where
        N: Copy + PartialOrd + std::fmt::Display,
    {
        let Some(number) = number else {
            return Ok(usual);
        };
        if range.contains(number.get_ref()) {
            return Ok(*number.get_ref());
        }
        let what = format!("`{key}` cannot be {}", number.get_ref());
        let hint = format!("give at least {} and less than {}", range.start, range.end);
        Err(self.wrong(&number.span(), what, &hint))
    }

    fn share(&self, share: Option<&Spanned<f64>>, usual: Share) -> Result<Share, CompareError> {
        let Some(share) = share else {
            return Ok(usual);
        };
        Share::new(*share.get_ref())
            .map_err(|error| self.wrong(&share.span(), error.to_string(), "0.02 is 2 %"))
    }

    fn time(
        &self,
        time: Option<&Spanned<String>>,
        usual: Duration,
    ) -> Result<Duration, CompareError> {
        let Some(time) = time else {
            return Ok(usual);
        };
        values::duration(time.get_ref()).map_err(|hint| {
            let what = format!("`{}` is no time", time.get_ref());
            self.wrong(&time.span(), what, &hint)
        })
    }

    fn positive_time(
        &self,
        time: Option<&Spanned<String>>,
        usual: Duration,
    ) -> Result<Duration, CompareError> {
        let found = self.time(time, usual)?;
        match time {
            Some(time) if found.is_zero() => Err(self.wrong(
                &time.span(),
                "no time at all is too short".to_owned(),
                "give some, such as 10s",
            )),
            Some(_) | None => Ok(found),
        }
    }

    fn wrong(&self, span: &Range<usize>, what: String, hint: &str) -> CompareError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        CompareError::File {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            what,
            hint: hint.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
