//! Where results go.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::BenchError;
use crate::report;
use crate::results::{Run, write_csv, write_json, write_table};

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One object.
    Json,
    /// A line a run and a line a slice.
    Csv,
    /// The report with plots.
    Html,
}

/// The files to write, open from the beginning: hours of measuring must not end in "no such directory".
#[derive(Debug, Default)]
pub struct Outputs {
    outputs: Vec<Output>,
}

#[derive(Debug)]
struct Output {
    form: Form,
    path: PathBuf,
    /// None for stdout.
    file: Option<File>,
}

impl Outputs {
    /// Opens a file for these results; `-` is stdout. What is in it stays there until the results are.
    ///
    /// # Errors
    /// If it cannot be created or written.
    pub fn add(&mut self, form: Form, path: PathBuf) -> Result<(), BenchError> {
        let file = if path.as_os_str() == "-" {
            None
        } else {
            Some(open(&path).map_err(cannot_write(&path))?)
        };
        self.outputs.push(Output { form, path, file });
        Ok(())
    }

    /// Writes all of them, and the table to stdout if nothing else goes there.
    ///
    /// # Errors
    /// If one cannot be written whole. The others are.
    pub fn write(&mut self, runs: &[Run]) -> Result<(), BenchError> {
        let mut first = Ok(());
        if self.outputs.iter().all(|output| output.file.is_some()) {
            let stdout = Path::new("-");
            first = write_table(runs, &mut io::stdout()).map_err(cannot_write(stdout));
        }
        for output in &mut self.outputs {
            let written = output.write(runs).map_err(cannot_write(&output.path));
            first = first.and(written);
        }
        first
    }
}

impl Output {
    fn write(&mut self, runs: &[Run]) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            let mut out = BufWriter::new(io::stdout());
            self.form.write(runs, &mut out)?;
            return out.flush();
        };
        let regular = file.metadata()?.is_file();
        if regular {
            file.set_len(0)?;
        }
        let mut out = BufWriter::new(&mut *file);
        self.form.write(runs, &mut out)?;
        out.flush()?;
        drop(out);
        // A full disk may show no earlier than this. Pipes and devices have nothing to sync.
        if regular { file.sync_all() } else { Ok(()) }
    }
}

impl Form {
    fn write(self, runs: &[Run], out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Json => write_json(runs, out),
            Self::Csv => write_csv(runs, out),
            Self::Html => report::write(runs, out),
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

fn cannot_write(path: &Path) -> impl FnOnce(io::Error) -> BenchError + '_ {
    move |reason| BenchError::Output {
        path: path.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::run;

    #[test]
    fn a_longer_file_of_before_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.csv");
        std::fs::write(&path, "x".repeat(100_000)).unwrap();
        let mut outputs = Outputs::default();
        outputs.add(Form::Csv, path.clone()).unwrap();
        assert_eq!(
            std::fs::read(&path).unwrap().len(),
            100_000,
            "kept until there is something new"
        );
        outputs.write(&[run()]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    #[test]
    fn a_full_disk_is_said_and_the_other_files_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let csv = folder.path().join("results.csv");
        let mut outputs = Outputs::default();
        outputs.add(Form::Json, "/dev/full".into()).unwrap();
        outputs.add(Form::Csv, csv.clone()).unwrap();
        let said = outputs.write(&[run()]).unwrap_err().to_string();
        assert!(
            said.starts_with("/dev/full: cannot write the results: No space left on device"),
            "{said}"
        );
        assert_eq!(std::fs::read_to_string(csv).unwrap().lines().count(), 3);
    }

    #[test]
    fn a_path_that_cannot_be_is_refused_at_the_beginning() {
        let said = Outputs::default()
            .add(Form::Json, "/nowhere/results.json".into())
            .unwrap_err()
            .to_string();
        assert!(said.contains("/nowhere/results.json"), "{said}");
    }
}
