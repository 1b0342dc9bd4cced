//! Runs as one HTML page with plots, and plots alone.
//!
//! The page needs nothing but itself: no network, no script. Every plot is an SVG with a title and a description in words,
//! and tells its lines apart by dashes as well as by colour.

mod axis;
mod bars;
mod figures;
mod page;
mod plot;
mod table;
mod theme;

use std::fmt::Display;
use std::io;

pub use self::axis::{Axis, Scale};
pub use self::page::write;
pub use self::plot::{Line, LinePlot};

/// Text is drawn into memory, so what plotters refuses is a mistake of ours and not the disk's.
fn undrawn(error: impl Display) -> io::Error {
    io::Error::other(format!("a plot could not be drawn: {error}"))
}
