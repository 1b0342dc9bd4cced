//! Letters to a data stream, before the windows of their events are acknowledged.

use std::borrow::Cow;
use std::iter;

use sawmill_elasticsearch_out::{BulkBody, StreamName};
use sawmill_intake::Recall;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::writer::{Inbox, Letter, say};
use crate::delivery::Delivery;
use crate::disk::PAUSE;
use crate::log_budget::LogBudget;
use crate::memory::Memory;
use crate::output::Output;

/// Makes documents of letters, and hands them to the output.
pub(super) struct Forwarder {
    pub(super) stream: StreamName,
    pub(super) recall: Recall,
    pub(super) memory: Memory,
    pub(super) output: Output,
}

impl Forwarder {
    /// Ends when no more letters will come. Waits for memory while many are on their way.
    pub(super) fn forward_all(mut self, mut letters: Inbox, runtime: &Handle) {
        let log = LogBudget::new("dead letters");
        while let Some(first) = letters.next() {
            let mut batch = vec![first];
            batch.extend(iter::from_fn(|| letters.next_now()));
            say(&batch, &log);
            batch.reverse();
            while let Some(letter) = batch.pop() {
                if !letter.ticket.is_wanted() {
                    // Its client is gone, and will send the event again.
                    continue;
                }
                let body = self.body(&letter);
                let room = async { timeout(PAUSE, self.memory.letter(body.memory_bytes())).await };
                match runtime.block_on(room) {
                    Ok(room) => {
                        let ticket = letter.ticket.hand_over(1, room);
                        self.output.put(Delivery { body, ticket });
                    }
                    Err(_) => {
                        batch.push(letter);
                        batch.reverse();
                        letters.let_go(&mut batch, self.memory.stuck_letters_max());
                        batch.reverse();
                    }
                }
            }
        }
    }

    /// The letter's document alone.
    fn body(&mut self, letter: &Letter) -> BulkBody {
        let mut body = BulkBody::new();
        let Ok(mut draft) = body.begin(&self.stream.parts(), None) else {
            unreachable!("a name that was checked has parts that make a name");
        };
        let (event, document) = letter.texts(&mut self.recall);
        let document = Document {
            timestamp: format!("{:.3}", jiff::Timestamp::now()),
            message: event.map(String::from_utf8_lossy),
            error: Error {
                message: &letter.reason,
                code: letter.status,
            },
            event: Kind {
                kind: "pipeline_error",
            },
            source: Source {
                address: &letter.ticket.received.peer.text,
            },
            sawmill: Sawmill {
                data_stream: letter.stream.as_deref(),
                document: document.map(String::from_utf8_lossy),
            },
        };
        // Texts and a number can always be written as JSON, and a vector takes them all.
        let _ = serde_json::to_writer(draft.text(), &document);
        // If it is refused in turn, its event is found by this number again.
        draft.number(letter.ordinal);
        draft.finish();
        body.shrink();
        body
    }
}

/// A letter as Elasticsearch stores it. `message` and `error.message` are where a Filebeat's `dead_letter_index` has them; the
/// other names are ECS's.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "@timestamp")]
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Cow<'a, str>>,
    error: Error<'a>,
    event: Kind,
    source: Source<'a>,
    sawmill: Sawmill<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
}

#[derive(Serialize)]
struct Kind {
    kind: &'static str,
}

#[derive(Serialize)]
struct Source<'a> {
    address: &'a str,
}

#[derive(Serialize)]
struct Sawmill<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data_stream: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Cow<'a, str>>,
}
