//! `sawmill bench`: measures a Beats server, ours or any other.
//!
//! It knows the protocol and nothing of our server: what it says of one server it says of all by the same rule.

#![forbid(unsafe_code)]

pub mod args;
pub mod cli;
pub mod compare;
pub mod error;
pub mod events;
pub mod load;
pub mod open_files;
pub mod output;
pub mod pin;
pub mod plan;
pub mod progress;
pub mod ramp;
pub mod report;
pub mod results;
pub mod sampler;
pub mod sink;
mod target;
pub mod tls;
mod values;
pub mod windows;
