//! The stations of an event's way, each ready to be measured on one full window, and what they are measured with: a
//! window of Filebeat 8.11, and the pipeline of the repository's root.
//!
//! A station does not know how it is measured: it hands each part of its work to a [`Watch`], which takes the time of
//! it (`benches/stations.rs`) or counts its instructions (`benches/instructions.rs`).

#![forbid(unsafe_code)]

pub mod baseline;
pub mod fixture;
mod request;
mod way;

pub use request::request;
pub use way::{cut, filter_and_encode, inflate, inflate_stream, whole_way};

/// Measures the work of a station, part by part.
pub trait Watch {
    /// Does the work on the part number `part` of the window and measures it.
    fn part<R>(&mut self, station: &'static str, part: usize, work: impl FnOnce() -> R) -> R;
}
