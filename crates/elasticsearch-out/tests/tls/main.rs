//! What is believed and what is said towards a host that speaks TLS, and what is said of files that will not do.

#![expect(
    clippy::unwrap_used,
    reason = "a failed expectation is the point of a test"
)]

mod files;
mod hosts;
mod support;
