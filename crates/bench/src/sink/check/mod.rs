//! The checking sink: every document of a run against the oracle.
//!
//! A load generator sends the same events again and again. The first document of each event is judged by the oracle, every
//! later one must be the same byte for byte: so the judge is slow and the check is not.

mod origin;
mod summary;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use self::origin::{Generated, Origin};
pub(crate) use self::summary::Summary;
use super::args::SinkArgs;
use super::error::SinkError;
use super::oracle::{Oracle, Verdict, differences, parse};

/// Connections seldom wait for each other.
const SHARDS: usize = 64;
/// Mismatches that are shown.
const SHOWN_MAX: usize = 10;

/// Checks documents and keeps count of them.
pub(crate) struct Checker {
    oracle: Oracle,
    origin: Box<dyn Origin>,
    /// By number, spread over the shards.
    events: Vec<Mutex<HashMap<u64, Known>>>,
    findings: Mutex<Findings>,
    /// Numbers below this must all have come at the end.
    expected: Option<u64>,
    /// How often each must have been stored.
    times: Option<u64>,
}

/// An event that came before.
#[derive(Debug)]
struct Known {
    lines: Box<[u8]>,
    is_right: bool,
    stored: u64,
}

#[derive(Debug, Default)]
struct Findings {
    documents: u64,
    mismatches: u64,
    shown: Vec<String>,
}

/// One document that came: its event's number, if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen(Option<u64>);

impl fmt::Debug for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checker").finish_non_exhaustive()
    }
}

impl Checker {
    /// A checker, if one is asked for.
    pub(crate) fn new(args: &SinkArgs) -> Result<Option<Self>, SinkError> {
        let Some(path) = &args.check else {
            return Ok(None);
        };
        let toml = std::fs::read_to_string(path).map_err(|source| SinkError::Read {
            path: path.clone(),
            source,
        })?;
        let oracle = Oracle::read(&toml).map_err(|source| SinkError::Oracle {
            path: path.clone(),
            source,
        })?;
        let origin = Box::new(Generated::new(args)?);
        Ok(Some(Self::with(
            oracle,
            origin,
            args.check_events,
            args.check_times,
        )))
    }

    fn with(
        oracle: Oracle,
        origin: Box<dyn Origin>,
        expected: Option<u64>,
        times: Option<u64>,
    ) -> Self {
        Self {
            oracle,
            origin,
            events: (0..SHARDS).map(|_| Mutex::default()).collect(),
            findings: Mutex::default(),
            expected,
            times,
        }
    }

    /// Checks an item by its two lines.
    pub(crate) fn document(&self, action: &[u8], document: &[u8]) -> Seen {
        let number = self.origin.number(document);
        let found = match number {
            None => {
                vec!["the event is none of the generator's: it has no log.offset of its".to_owned()]
            }
            Some(number) => self.compare(number, action, document),
        };
        let mut findings = lock(&self.findings);
        findings.documents += 1;
        if !found.is_empty() {
            findings.mismatches += 1;
            if findings.shown.len() < SHOWN_MAX {
                let event = number.map_or_else(
                    || "unknown event".into(),
                    |number| format!("event {number}"),
                );
                findings
                    .shown
                    .push(format!("{event}: {}", found.join("; ")));
            }
        }
        Seen(number)
    }

    /// Notes which of a request's items were stored: all but those in the places of `rejected`, in order.
    pub(crate) fn stored(&self, seen: &[Seen], rejected: &[(usize, u16)]) {
        let mut rejected = rejected.iter().map(|(place, _)| *place).peekable();
        for (place, Seen(number)) in seen.iter().enumerate() {
            if rejected.next_if_eq(&place).is_some() {
                continue;
            }
            if let Some(number) = number
                && let Some(known) = lock(self.shard(*number)).get_mut(number)
            {
                known.stored += 1;
            }
        }
    }

    /// What is wrong with the lines of the event of this number.
    fn compare(&self, number: u64, action: &[u8], document: &[u8]) -> Vec<String> {
        match lock(self.shard(number)).get(&number) {
            Some(known) if is_same(&known.lines, action, document) => {
                return if known.is_right {
                    Vec::new()
                } else {
                    vec!["wrong as it was the first time".to_owned()]
                };
            }
            Some(_) | None => {}
        }
        // Not under the lock: the oracle takes its time.
        let mut found = self.judge(number, action, document);
        match lock(self.shard(number)).entry(number) {
            Entry::Occupied(known)
                if found.is_empty() && !is_same(&known.get().lines, action, document) =>
            {
                found.push("right, but its bytes are others than the first time".to_owned());
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(place) => {
                place.insert(Known {
                    lines: [action, b"\n", document].concat().into(),
                    is_right: found.is_empty(),
                    stored: 0,
                });
            }
        }
        found
    }

    fn judge(&self, number: u64, action: &[u8], document: &[u8]) -> Vec<String> {
        let got = match parse(document) {
            Ok(got) => got,
            Err(error) => return vec![format!("the document is no JSON object: {error}")],
        };
        match self.verdict(number) {
            None => vec!["the generator makes no such event".to_owned()],
            Some(Verdict::Dropped) => {
                vec!["it must not have come: the pipeline drops it".to_owned()]
            }
            Some(Verdict::Stored { stream, document }) => {
                let mut found = wrong_action(action, &stream);
                found.extend(differences(&document, &got));
                found
            }
        }
    }

    fn verdict(&self, number: u64) -> Option<Verdict> {
        let mut text = Vec::new();
        self.origin.event(number, &mut text);
        match parse(&text) {
            Ok(Value::Object(event)) => Some(self.oracle.judge(event)),
            Ok(_) | Err(_) => None,
        }
    }

    fn shard(&self, number: u64) -> &Mutex<HashMap<u64, Known>> {
        &self.events[(number % SHARDS as u64) as usize]
    }

    /// The check so far.
    pub(crate) fn summary(&self) -> Summary {
        let mut summary = Summary {
            times: self.times,
            ..Summary::default()
        };
        for shard in &self.events {
            for (number, known) in &*lock(shard) {
                summary.count(*number, known.stored);
            }
        }
        let mut missing = Vec::new();
        for number in 0..self.expected.unwrap_or(0) {
            let has_come = lock(self.shard(number))
                .get(&number)
                .is_some_and(|known| known.stored > 0);
            if !has_come && !matches!(self.verdict(number), None | Some(Verdict::Dropped)) {
                missing.push(number);
            }
        }
        summary.missing = missing.len() as u64;
        summary.first_missing = missing;
        summary.shorten(SHOWN_MAX);
        let findings = lock(&self.findings);
        summary.documents = findings.documents;
        summary.mismatches = findings.mismatches;
        summary.shown.clone_from(&findings.shown);
        summary
    }
}

fn is_same(lines: &[u8], action: &[u8], document: &[u8]) -> bool {
    lines.len() == action.len() + 1 + document.len()
        && lines.starts_with(action)
        && lines.ends_with(document)
}

/// What is wrong with an action line.
fn wrong_action(action: &[u8], stream: &str) -> Vec<String> {
    let Ok(Value::Object(line)) = parse(action) else {
        return vec!["the action line is no JSON object".to_owned()];
    };
    let mut found = Vec::new();
    if line.len() != 1 || !line.contains_key("create") {
        let keys: Vec<_> = line.keys().map(String::as_str).collect();
        found.push(format!(
            "the action: expected create, got {}",
            keys.join(", ")
        ));
    }
    let index = line.values().next().and_then(|meta| meta.get("_index"));
    if index.and_then(Value::as_str) != Some(stream) {
        let got = index.map_or_else(|| "nothing".to_owned(), Value::to_string);
        found.push(format!("_index: expected \"{stream}\", got {got}"));
    }
    found
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
