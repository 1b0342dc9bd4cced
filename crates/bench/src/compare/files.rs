//! The files that results go to.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use crate::error::BenchError;
use crate::report;
use crate::results::write_csv;

use super::args::CompareArgs;
use super::results::Comparison;

/// Files that are open from the beginning: an hour of measuring must not end in "no such directory".
#[derive(Debug)]
pub(super) struct Files {
    json: Option<Target>,
    csv: Option<Target>,
    html: Option<Target>,
}

#[derive(Debug)]
struct Target {
    path: PathBuf,
    file: File,
}

impl Files {
    /// Opens all that were asked for. What is in them stays there until there is something to write.
    pub(super) fn open(args: &CompareArgs) -> Result<Self, BenchError> {
        let open = |path: &Option<PathBuf>| path.clone().map(Target::open).transpose();
        Ok(Self {
            json: open(&args.json)?,
            csv: open(&args.csv)?,
            html: open(&args.html)?,
        })
    }

    /// Writes all of them.
    pub(super) fn write(self, comparison: &Comparison) -> Result<(), BenchError> {
        let runs = comparison.runs();
        if let Some(json) = self.json {
            json.write(|out| comparison.write_json(out))?;
        }
        if let Some(csv) = self.csv {
            csv.write(|out| write_csv(&runs, out))?;
        }
        if let Some(html) = self.html {
            html.write(|out| report::write(&runs, out))?;
        }
        Ok(())
    }
}

impl Target {
    fn open(path: PathBuf) -> Result<Self, BenchError> {
        let opened = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        match opened {
            Ok(file) => Ok(Self { path, file }),
            Err(reason) => Err(BenchError::Output { path, reason }),
        }
    }

    fn write(
        self,
        write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
    ) -> Result<(), BenchError> {
        let Self { path, file } = self;
        let written = || {
            if file.metadata()?.is_file() {
                file.set_len(0)?;
            }
            let mut out = BufWriter::new(&file);
            write(&mut out)?;
            out.flush()
        };
        written().map_err(|reason| BenchError::Output { path, reason })
    }
}
