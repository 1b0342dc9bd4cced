//! `sawmill bench compare` with Sawmill itself as every contender, whole or broken.

#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation is the point of a test"
)]

mod broken;
mod interrupted;
mod support;
mod whole;
