//! `sawmill bench`: measures a Beats server, ours or any other.
//!
//! It knows the protocol and nothing of our server: what it says of one server it says of all by the same rule.

#![forbid(unsafe_code)]

pub mod cli;
pub mod error;
pub mod events;
pub mod load;
pub mod open_files;
pub mod pin;
pub mod plan;
pub mod progress;
pub mod results;
pub mod sampler;
pub mod windows;
