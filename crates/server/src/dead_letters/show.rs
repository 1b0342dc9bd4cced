//! `sawmill dead-letters show`

use std::io::{self, Write};

use super::error::DeadLettersError;
use super::folder::{Folder, Found, Id, entries, is_sound};
use super::indent::indented;
use super::printable;

/// Writes all that is known of one letter.
pub(super) fn show(folder: &Folder, id: Id, out: &mut impl Write) -> Result<(), DeadLettersError> {
    let segment = { folder.segments.iter() }.find(|segment| segment.sequence == id.segment);
    if let Some(segment) = segment {
        is_sound(segment)?;
    }
    for entry in segment.into_iter().flat_map(entries) {
        let entry = entry?;
        if entry.id == id {
            let letter = entry.letter().map_err(|damage| folder.damaged(damage))?;
            return Ok(write_all(&letter, out)?);
        }
    }
    Err(folder.no_letter(id))
}

fn write_all(letter: &Found<'_>, out: &mut impl Write) -> io::Result<()> {
    let Found { id, line, .. } = letter;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    for (name, value) in [
        ("id", id.to_string()),
        ("time", line.timestamp.to_string()),
        ("peer", line.peer.to_string()),
        ("status", or_dash(line.status.map(|code| code.to_string()))),
        (
            "stream",
            or_dash(line.data_stream.as_deref().map(str::to_owned)),
        ),
        ("reason", line.reason.to_string()),
    ] {
        writeln!(out, "{name:<6}  {}", printable(&value))?;
    }
    if line.text().is_none() {
        return writeln!(out, "\nno text: the event was too large to be read");
    }
    for (what, text) in [
        ("event, as it was received", &line.event),
        ("document, as it was sent to Elasticsearch", &line.document),
    ] {
        if let Some(text) = text {
            write_text(what, text, out)?;
        }
    }
    Ok(())
}

fn write_text(what: &str, text: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{what}:")?;
    let laid_out = indented(text);
    for row in laid_out.as_deref().unwrap_or(text).split('\n') {
        writeln!(out, "{}", printable(row))?;
    }
    Ok(())
}
