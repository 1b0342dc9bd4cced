//! `sawmill send`: lines of files to a Beats port, as Filebeat would send them.
//!
//! A window counts as sent when the server has acknowledged all of it; until then it is kept and sent again when the
//! connection is lost. Unlike Filebeat it ends with the files, and remembers nothing between two calls.

mod error;
mod events;
mod lines;
mod link;
mod sending;
mod summary;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::Send;

pub(crate) use self::error::SendError;
use self::events::Envelope;
use self::lines::{Source, read_line};
pub(crate) use self::sending::{Sending, WindowForm};
pub(crate) use self::summary::Summary;

/// Sends all lines of all files and waits until the last is acknowledged.
pub(crate) fn send(options: &Send) -> Result<Summary, SendError> {
    let envelope = Envelope::new(&options.fields)?;
    let sources = options
        .files
        .iter()
        .map(|path| Source::open(path))
        .collect::<Result<Vec<_>, _>>()?;
    let form = WindowForm {
        events_max: options.window,
        compression: options.compression,
    };
    let mut sending = Sending::connect(&options.to, form, progress(&sources))?;
    let mut line = Vec::new();
    for mut source in sources {
        while let Some(offset) = read_line(&mut source, &mut line)? {
            sending.count_source(line.len() as u64 + 1);
            // Filebeat leaves them out too.
            if line.is_empty() {
                continue;
            }
            let text = String::from_utf8_lossy(&line);
            sending.add(|json| envelope.write_event(json, &source.file, offset, &text))?;
        }
    }
    sending.finish()
}

/// A bar on stderr if that is a terminal; stdin has no known length.
fn progress(sources: &[Source]) -> ProgressBar {
    let total: Option<u64> = sources.iter().map(|source| source.bytes).sum();
    let form = "{bar:40} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
    match (total, ProgressStyle::with_template(form)) {
        (Some(total), Ok(style)) => ProgressBar::new(total).with_style(style),
        _ => ProgressBar::new_spinner(),
    }
}
