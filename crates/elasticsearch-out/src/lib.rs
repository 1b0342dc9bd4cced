//! Writes events to Elasticsearch data streams and says of each event what became of it.
//!
//! A [`BulkBody`] is built on the hot path: action and document lines as they will be sent, and a table saying
//! which bytes are which event's. A [`Request`] is made of one or several bodies and knows, without any I/O,
//! which items are still open: it yields the bytes to send, absorbs an answer and says what comes next. The
//! [`Client`] only carries bytes; [`Sender::deliver`] is the loop of the three.
//!
//! What never happens here: an item is settled without Elasticsearch's own word on it, or given up because
//! Elasticsearch, the network or somebody's configuration is in trouble. An item ends as stored, as a duplicate
//! (stored before), or as refused, which is the caller's to dead-letter; anything else is sent again.
//!
//! ```
//! use sawmill_elasticsearch_out::{Answer, BulkBody, Request, StreamParts, Verdict};
//!
//! let mut body = BulkBody::new();
//! let stream = StreamParts { kind: "logs", dataset: "django", namespace: "pt" };
//! let mut draft = body.begin(&stream, None)?;
//! draft.text().extend_from_slice(br#"{"@timestamp":"2025-02-02T12:34:56.123Z"}"#);
//! draft.finish();
//!
//! let mut request = Request::new(vec![(body, "the window this body belongs to")]);
//! assert!(request.body().starts_with(br#"{"create":{"_index":"logs-django-pt"}}"#));
//! let answer = Answer::new(200, br#"{"errors":false,"items":[{"create":{"status":201}}]}"#.as_slice());
//! assert_eq!(request.absorb(Ok(answer)), Verdict::Done);
//! assert_eq!(request.settled().map(|part| part.stored).sum::<usize>(), 1);
//! # Ok::<(), sawmill_elasticsearch_out::StreamNameError>(())
//! ```

#![forbid(unsafe_code)]

mod alarm;
mod answer;
mod backoff;
mod body;
mod client;
mod cloud_id;
mod document_id;
mod gzip;
mod hosts;
mod login;
mod outcome;
mod pace;
mod probe;
mod request;
mod sender;
mod settings;
mod size;
mod sniff;
mod stream;
mod tls;
mod transport;

pub use answer::{Answer, AnswerError, SendError};
pub use backoff::Backoff;
pub use body::{BulkBody, Draft, Item};
pub use client::Client;
pub use cloud_id::{CloudIdError, cloud_host};
pub use document_id::{DocumentId, DocumentIdError};
pub use hosts::HostsChange;
pub use login::Credentials;
pub use outcome::{Cause, Outcome, Reception, Severity};
pub use pace::{Pace, Turn};
pub use probe::Finding;
pub use request::{Refusal, Request, Settled, Trouble, Verdict};
pub use sender::{Carrier, Sender};
pub use settings::{Compression, Settings, SettingsError};
pub use sniff::SniffError;
pub use stream::{NamePart, StreamName, StreamNameError, StreamParts};
pub use tls::{Fingerprint, FingerprintError, Tls, Verification};

/// The type of [`Settings::hosts`].
pub use elasticsearch::http::Url;
