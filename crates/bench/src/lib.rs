//! `sawmill bench`: measures a Beats server, ours or any other.
//!
//! It knows the protocol and nothing of our server: what it says of one server it says of all by the same rule.

#![forbid(unsafe_code)]

pub mod cli;
pub mod events;
pub mod results;
