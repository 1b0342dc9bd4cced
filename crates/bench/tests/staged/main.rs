//! The load generator against servers that do what no real one does on request.

#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation is the point of a test"
)]

mod acks;
mod faults;
mod honest;
mod support;
mod tls;
