//! `sawmill dead-letters list`

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use super::args::Filter;
use super::error::DeadLettersError;
use super::folder::{Damage, Folder, Found, is_sound};
use super::line::Line;
use super::printable;

/// Characters of a line; what the reason has beyond it is left out.
const LINE_CHARACTERS_MAX: usize = 160;

/// For whom the list is.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Json,
    Text,
}

/// Writes the letters that `filter` takes.
pub(super) fn list(
    folder: &Folder,
    filter: &Filter,
    form: Form,
    out: &mut impl Write,
) -> Result<(), DeadLettersError> {
    let mut count = Count::default();
    for segment in &folder.segments {
        is_sound(segment)?;
    }
    for entry in folder.entries() {
        let entry = entry?;
        match entry.letter() {
            Ok(letter) => {
                count.all += 1;
                if filter.takes(&letter) {
                    count.taken += 1;
                    write_letter(letter, form, out)?;
                }
            }
            Err(damage) => {
                count.damaged += 1;
                pass_over(&damage)?;
            }
        }
    }
    match form {
        Form::Json => {}
        Form::Text if count.all + count.damaged == 0 => {
            writeln!(out, "no dead letters in {}", folder.path.display())?;
        }
        Form::Text => writeln!(out, "{count}")?,
    }
    Ok(())
}

/// Names a damaged line, beside the list.
pub(super) fn pass_over(damage: &Damage) -> io::Result<()> {
    writeln!(io::stderr(), "sawmill: {damage}; passed over")
}

fn write_letter(letter: Found<'_>, form: Form, out: &mut impl Write) -> io::Result<()> {
    match form {
        Form::Json => {
            let row = Row {
                id: letter.id.to_string(),
                line: letter.line,
            };
            serde_json::to_writer(&mut *out, &row)?;
            writeln!(out)
        }
        Form::Text => writeln!(out, "{}", cut(row(&letter))),
    }
}

/// A letter with its id.
#[derive(Serialize)]
struct Row<'a> {
    id: String,
    #[serde(flatten)]
    line: Line<'a>,
}

fn row(letter: &Found<'_>) -> String {
    let Found { id, line, .. } = letter;
    let status = line.status.map_or("-".to_owned(), |code| code.to_string());
    let row = format!(
        "{id:<7} {}  {:<21}  {status:>3}  {:<20}  {}",
        line.timestamp,
        line.peer,
        line.data_stream.as_deref().unwrap_or("-"),
        line.reason
    );
    printable(&row)
}

fn cut(mut row: String) -> String {
    if let Some((end, _)) = row.char_indices().nth(LINE_CHARACTERS_MAX) {
        row.truncate(end);
        row.pop();
        row.push('…');
    }
    row
}

/// What was seen.
#[derive(Default)]
struct Count {
    all: u64,
    taken: u64,
    damaged: u64,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            all,
            taken,
            damaged,
        } = self;
        if taken < all {
            write!(f, "{taken} of ")?;
        }
        let plural = if *all == 1 { "" } else { "s" };
        write!(f, "{all} dead letter{plural}")?;
        match damaged {
            0 => Ok(()),
            1 => f.write_str(", 1 damaged line"),
            _ => write!(f, ", {damaged} damaged lines"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_at_a_character() {
        let long = "ä".repeat(LINE_CHARACTERS_MAX);
        assert_eq!(cut(long.clone()), long);
        let cut = cut(long + "ä");
        assert_eq!(cut.chars().count(), LINE_CHARACTERS_MAX);
        assert!(cut.ends_with("ä…"), "{cut}");
    }

    #[test]
    fn the_count_says_of_how_many() {
        for ((all, taken, damaged), want) in [
            ((1, 1, 0), "1 dead letter"),
            ((3, 3, 1), "3 dead letters, 1 damaged line"),
            ((3, 0, 2), "0 of 3 dead letters, 2 damaged lines"),
        ] {
            let count = Count {
                all,
                taken,
                damaged,
            };
            assert_eq!(count.to_string(), want);
        }
    }
}
