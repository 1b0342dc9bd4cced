use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::Run;

/// What the JSON file holds.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Record {
    /// The version of this form; 1 today. A member may be added without a new one.
    pub format: u32,
    /// The version of Sawmill that measured.
    pub sawmill: String,
    /// The runs, in the order they were made.
    pub runs: Vec<Run>,
}

/// Writes the runs as one JSON object, a [`Record`].
///
/// # Errors
/// If `out` does not take it.
pub fn write_json(runs: &[Run], out: &mut impl Write) -> io::Result<()> {
    /// [`Record`], borrowed.
    #[derive(Serialize)]
    struct Borrowed<'a> {
        format: u32,
        sawmill: &'a str,
        runs: &'a [Run],
    }
    let record = Borrowed {
        format: 1,
        sawmill: env!("CARGO_PKG_VERSION"),
        runs,
    };
    serde_json::to_writer(&mut *out, &record)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;

    #[test]
    fn what_is_written_can_be_read_again() {
        let mut out = Vec::new();
        write_json(&[run()], &mut out).unwrap();
        let record: Record = serde_json::from_slice(&out).unwrap();
        assert_eq!((record.format, &record.runs[..]), (1, &[run()][..]));
    }
}
