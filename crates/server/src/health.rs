//! How Sawmill is: what keeps events from being acknowledged at present, part by part.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sawmill_elasticsearch_out::{Cause, Severity};
use serde::Serialize;

/// The parts that know how they are. They are asked when somebody wants to know.
#[derive(Clone, Default)]
pub(crate) struct Health {
    parts: Arc<Mutex<BTreeMap<&'static str, Ask>>>,
}

type Ask = Box<dyn Fn() -> Vec<Diagnosis> + Send>;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Diagnosis {
    #[serde(skip)]
    status: Status,
    cause: String,
    action: String,
}

/// In Elasticsearch's colours, the better before the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// Nothing is wrong.
    Green,
    /// Something is wrong that may pass by itself.
    Yellow,
    /// Events wait until somebody does something.
    Red,
}

/// What Elasticsearch and Logstash answer to `GET /_health_report`, in short.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) status: Status,
    symptom: &'static str,
    indicators: BTreeMap<&'static str, Indicator>,
}

#[derive(Debug, Serialize)]
struct Indicator {
    status: Status,
    symptom: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnosis: Vec<Diagnosis>,
}

impl Health {
    /// Adds a part, which tells what is wrong with it.
    pub(crate) fn watch(
        &self,
        part: &'static str,
        ask: impl Fn() -> Vec<Diagnosis> + Send + 'static,
    ) {
        self.parts().insert(part, Box::new(ask));
    }

    /// Adds a part that writes to this machine's disk.
    pub(crate) fn watch_disk(&self, part: &'static str) -> DiskState {
        let state = DiskState::default();
        let seen = state.clone();
        self.watch(part, move || seen.diagnosis().into_iter().collect());
        state
    }

    /// How each part is.
    pub(crate) fn statuses(&self) -> Vec<(&'static str, Status)> {
        let ask = |(part, ask): (&&'static str, &Ask)| (*part, Indicator::of(ask()).status);
        self.parts().iter().map(ask).collect()
    }

    /// Asks all parts.
    pub(crate) fn report(&self) -> Report {
        let ask = |(part, ask): (&&'static str, &Ask)| (*part, Indicator::of(ask()));
        let indicators: BTreeMap<_, _> = self.parts().iter().map(ask).collect();
        let status = worst(indicators.values().map(|indicator| indicator.status));
        Report {
            status,
            symptom: status.symptom(),
            indicators,
        }
    }

    fn parts(&self) -> MutexGuard<'_, BTreeMap<&'static str, Ask>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Indicator {
    fn of(diagnosis: Vec<Diagnosis>) -> Self {
        let status = worst(diagnosis.iter().map(|diagnosis| diagnosis.status));
        Self {
            status,
            symptom: status.symptom(),
            diagnosis,
        }
    }
}

impl Status {
    fn symptom(self) -> &'static str {
        match self {
            Self::Green => "events are stored as they come",
            Self::Yellow => {
                "events may wait for something that passes by itself, or something should be looked after"
            }
            Self::Red => "events wait until somebody does something",
        }
    }
}

fn worst(of: impl Iterator<Item = Status>) -> Status {
    of.max().unwrap_or(Status::Green)
}

impl Diagnosis {
    /// Something that needs looking after some day.
    pub(crate) fn warning(cause: String, action: String) -> Self {
        Self {
            status: Status::Yellow,
            cause,
            action,
        }
    }
}

impl From<Cause> for Diagnosis {
    fn from(cause: Cause) -> Self {
        Self {
            status: match cause.severity() {
                Severity::Info => Status::Green,
                Severity::Warning => Status::Yellow,
                Severity::Error => Status::Red,
            },
            cause: cause.to_string(),
            action: cause.advice().to_owned(),
        }
    }
}

/// Why this machine's disk takes nothing at present, if it does not.
#[derive(Clone, Default)]
pub(crate) struct DiskState(Arc<Mutex<Option<String>>>);

impl DiskState {
    /// What the last write came to.
    pub(crate) fn set(&self, failure: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    fn diagnosis(&self) -> Option<Diagnosis> {
        let failure = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failure.as_ref().map(|failure| Diagnosis {
            status: Status::Red,
            cause: failure.clone(),
            action:
                "see that there is room and that Sawmill may write there; it is tried every second"
                    .to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_whole_is_as_ill_as_its_worst_part() {
        let health = Health::default();
        assert_eq!(health.report().status, Status::Green);
        health.watch("output", || {
            vec![Cause::Busy.into(), Cause::Unreachable.into()]
        });
        let disk = health.watch_disk("dead_letters");
        assert_eq!(health.report().status, Status::Yellow);
        disk.set(Some("no space left".to_owned()));
        let report = serde_json::to_value(health.report()).unwrap();
        assert_eq!(report["status"], "red");
        assert_eq!(report["indicators"]["output"]["status"], "yellow");
        assert_eq!(
            report["indicators"]["output"]["diagnosis"][0]["cause"],
            json!("Elasticsearch is busy")
        );
        let letters = &report["indicators"]["dead_letters"];
        assert_eq!(letters["diagnosis"][0]["cause"], "no space left");
        disk.set(None);
        assert_eq!(health.report().status, Status::Yellow);
    }
}
