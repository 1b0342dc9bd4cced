//! The program as its users see it: arguments in, text and exit code out.

#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation is the point of a test"
)]

mod bad_settings;
mod bench;
mod dead_letters;
mod effective_settings;
mod elasticsearch_tls;
mod healthcheck;
mod logging;
mod peer;
mod send;
mod support;
mod tls;
