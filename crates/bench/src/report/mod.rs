//! The report in HTML.

use std::io::{self, Write};

use crate::results::Run;

/// Writes a page with plots of these runs, which needs no network.
///
/// # Errors
/// If `out` does not take it.
pub fn write(_runs: &[Run], _out: &mut impl Write) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "the report in HTML is not there yet",
    ))
}
