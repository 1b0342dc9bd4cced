//! Conversations with a running `sawmill run`, over real sockets: what a client may say, what it
//! must not, and what it hears.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests may be blunt"
)]

mod admission;
mod bad_events;
mod bad_frames;
mod clients;
mod dead_letters;
mod fairness;
mod fields;
mod health;
mod metrics;
mod pki;
mod proxied;
mod secrets;
mod sessions;
mod strangers;
mod support;
mod tls;
mod windows;
