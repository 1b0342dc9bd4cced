//! Events that cannot be stored: kept on disk with their reason, looked at, sent again, and removed.
//!
//! `writer` keeps them before their window is acknowledged; `forward` sends them to a data stream before that, if there is one
//! for them. All else is `sawmill dead-letters`, which reads the same
//! folder from another process, and may do so while the first one writes.

mod args;
mod error;
mod folder;
mod forward;
mod indent;
mod line;
mod list;
mod moment;
mod purge;
mod replay;
mod show;
mod writer;

use std::io::{self, BufWriter, Write};

pub(crate) use self::args::{DeadLettersCommand, EXAMPLE};
pub(crate) use self::error::DeadLettersError;
pub(crate) use self::writer::{DeadLetters, Letter, Text};

/// `sawmill dead-letters`
pub(crate) fn run(command: DeadLettersCommand) -> Result<(), DeadLettersError> {
    let mut out = BufWriter::new(io::stdout().lock());
    match command {
        DeadLettersCommand::List {
            place,
            filter,
            json,
        } => {
            let form = if json {
                list::Form::Json
            } else {
                list::Form::Text
            };
            list::list(&place.folder()?, &filter, form, &mut out)?;
        }
        DeadLettersCommand::Show { place, id } => show::show(&place.folder()?, id, &mut out)?,
        DeadLettersCommand::Replay(options) => replay::replay(options, &mut out)?,
        DeadLettersCommand::Purge { place, which } => {
            purge::purge(&place.folder()?, which, &mut out)?;
        }
    }
    Ok(out.flush()?)
}

/// A text without control characters: what comes from outside must not speak to a terminal.
fn printable(text: &str) -> String {
    text.replace(char::is_control, " ")
}
