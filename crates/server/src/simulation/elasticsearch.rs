//! An Elasticsearch that fails on request. It is a fake: the real one does not lose an answer when asked to.

use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use sawmill_elasticsearch_out::{Answer, Carrier, SendError};
use serde_json::Value;
use tokio::time::sleep;

use super::faults::Outage;
use super::filebeat::{POISONED, UNWANTED};
use super::server::Life;
use super::world::{Number, Shared, World};

/// How long a client waits for an answer.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);

/// What one server's requests meet.
pub(super) struct Elasticsearch {
    pub(super) world: Shared,
    pub(super) life: Life,
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Answered,
    AnswerLost,
    Garbage(u32),
    Lost,
    Silent,
}

impl Carrier for Elasticsearch {
    async fn bulk(&self, body: Bytes) -> Result<Answer, SendError> {
        self.life.hold().await;
        let (fate, there, back) = self.world.lock().fate();
        sleep(there).await;
        let answer = match fate {
            Fate::Lost => None,
            Fate::Answered | Fate::AnswerLost | Fate::Garbage(_) | Fate::Silent => {
                Some(self.world.lock().answer(&body))
            }
        };
        self.world.note("bulk", body.len() as u64);
        sleep(if matches!(fate, Fate::Silent) {
            REQUEST_TIMEOUT
        } else {
            back
        })
        .await;
        // What a server asked for before its end is done all the same; it only never hears of it.
        self.life.hold().await;
        match (fate, answer) {
            (Fate::Answered, Some(answer)) => answer,
            (Fate::Garbage(kind), Some(Ok(answer))) => Ok(garbled(kind, &answer)),
            (Fate::Silent, _) => Err(SendError::TimedOut {
                host: "simulated".into(),
                after: REQUEST_TIMEOUT,
            }),
            _ => Err(lost("connection reset")),
        }
    }
}

fn lost(reason: &str) -> SendError {
    SendError::Lost {
        host: "simulated".into(),
        reason: reason.into(),
    }
}

/// An answer that says less than it should, or nothing.
fn garbled(kind: u32, answer: &Answer) -> Answer {
    match kind {
        0 => Answer::new(200, "<html>welcome to the proxy</html>"),
        1 => Answer::new(200, answer.bytes.slice(..answer.bytes.len() / 2)),
        2 => Answer::new(200, r#"{"errors":false,"items":[]}"#),
        3 => Answer::new(400, "<html>bad request</html>"),
        _ => Answer::new(302, ""),
    }
}

impl World {
    fn fate(&mut self) -> (Fate, Duration, Duration) {
        let bulk = self.faults.bulk;
        let fate = if self.strikes(bulk.lost) {
            Fate::Lost
        } else if self.strikes(bulk.answer_lost) {
            Fate::AnswerLost
        } else if self.strikes(bulk.silent) {
            Fate::Silent
        } else if self.strikes(bulk.garbage) {
            Fate::Garbage(self.rng.u32(0..5))
        } else {
            Fate::Answered
        };
        let longest = bulk.latency.as_micros() as u64;
        let way = |rng: &mut fastrand::Rng| Duration::from_micros(rng.u64(0..=longest));
        (fate, way(&mut self.rng), way(&mut self.rng))
    }

    /// Takes a request in, as Elasticsearch does.
    fn answer(&mut self, body: &[u8]) -> Result<Answer, SendError> {
        let error = |status, kind: &str| {
            Ok(Answer::new(
                status,
                format!(
                    r#"{{"error":{{"type":"{kind}","reason":"simulated"}},"status":{status}}}"#
                ),
            ))
        };
        match self.outage {
            Some(Outage::Unreachable) => return Err(lost("connection refused")),
            Some(Outage::Credentials) => return error(401, "security_exception"),
            None | Some(Outage::ReadOnly | Outage::Template) => {}
        }
        let bulk = self.faults.bulk;
        if bulk.bytes_max.is_some_and(|most| body.len() > most) {
            return Ok(Answer::new(413, ""));
        }
        if self.strikes(bulk.busy) {
            let mut answer = if self.rng.bool() {
                error(429, "es_rejected_execution_exception")?
            } else {
                error(503, "unavailable_shards_exception")?
            };
            answer.retry_after = self.rng.bool().then(|| Duration::from_secs(3));
            return Ok(answer);
        }
        let items = items(body);
        if items.iter().any(|(_, document)| document[POISONED] == true) {
            return error(400, "action_request_validation_exception");
        }
        if self.strikes(bulk.twice) {
            self.take(&items);
        }
        Ok(Answer::new(200, self.take(&items)))
    }

    fn take(&mut self, items: &[(Option<String>, Value)]) -> String {
        let mut answers = Vec::new();
        for (id, document) in items {
            let (status, kind) = self.take_item(id.as_deref(), document);
            let mut answer = format!(r#"{{"create":{{"status":{status}"#);
            if !kind.is_empty() {
                let _ = write!(
                    answer,
                    r#","error":{{"type":"{kind}","reason":"simulated"}}"#
                );
            }
            answers.push(answer + "}}");
        }
        let errors = answers.iter().any(|answer| answer.contains("error"));
        format!(r#"{{"errors":{errors},"items":[{}]}}"#, answers.join(","))
    }

    fn take_item(&mut self, id: Option<&str>, document: &Value) -> (u16, &'static str) {
        match self.outage {
            Some(Outage::ReadOnly) => return (429, "cluster_block_exception"),
            Some(Outage::Template) => return (404, "index_not_found_exception"),
            None | Some(Outage::Credentials | Outage::Unreachable) => {}
        }
        if document[UNWANTED] == true {
            return (400, "document_parsing_exception");
        }
        if self.strikes(self.faults.bulk.item_busy) {
            return (429, "es_rejected_execution_exception");
        }
        if id.is_some_and(|id| !self.ids.insert(id.to_owned())) {
            return (409, "version_conflict_engine_exception");
        }
        if !self.faults.lies {
            *self.stored.entry(number(document)).or_default() += 1;
        }
        (201, "")
    }
}

/// The number of an event, as it was received or as it was sent.
pub(super) fn number(document: &Value) -> Number {
    document["number"]
        .as_u64()
        .expect("every event has a number")
}

/// The items of a bulk body: an id, if it has one, and the document.
fn items(body: &[u8]) -> Vec<(Option<String>, Value)> {
    let text = std::str::from_utf8(body).expect("a body is UTF-8");
    assert!(text.ends_with('\n'), "a body ends in a newline");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect();
    let (pairs, rest) = lines.as_chunks::<2>();
    assert!(rest.is_empty(), "an action has a document");
    let item = |[action, document]: &[Value; 2]| {
        (
            action["create"]["_id"].as_str().map(str::to_owned),
            document.clone(),
        )
    };
    pairs.iter().map(item).collect()
}
