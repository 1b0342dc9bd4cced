//! The stage of the end-to-end tests: each real part of the stack is a value that runs as long as it lives.
//!
//! [`Django`] writes the application's log files, [`Filebeat`] ships them, [`Sawmill`] is the release build of the
//! program, [`Elasticsearch`] is the real thing with security on, or an `OpenSearch`; [`Sender`] and [`Disk`] are for what
//! these cannot be made to do. Every part has its folder below the one that a test gives it, and talks over 127.0.0.1
//! only. Dropping a part ends its process, however the test went, and a failed test shows the end of each part's log.
//!
//! This is for tests alone, so what cannot be done panics, and says what to do about it.

mod bench;
mod disk;
mod django;
mod elasticsearch;
mod engine;
mod filebeat;
mod go_lumber;
mod haproxy;
mod lines;
mod local;
mod parts;
mod pki;
mod process;
mod sawmill;
mod sender;
mod toxiproxy;
mod wait;

pub use crate::bench::{bench, compare};
pub use crate::disk::Disk;
pub use crate::django::{Django, Manifest, Pace, Record};
pub use crate::elasticsearch::{Elasticsearch, PASSWORD, USER};
pub use crate::engine::Engine;
pub use crate::filebeat::Filebeat;
pub use crate::go_lumber::GoLumber;
pub use crate::haproxy::Haproxy;
pub use crate::lines::{Comparison, Lines};
pub use crate::local::{dead_messages, message_of, stored_clients, stored_messages};
pub use crate::parts::repository;
pub use crate::pki::{Authority, issue_own};
pub use crate::process::Process;
pub use crate::sawmill::{Sawmill, Settings};
pub use crate::sender::Sender;
pub use crate::toxiproxy::{Toxic, Toxiproxy};
pub use crate::wait::until;
