//! The page.

use std::io::{self, Write};

use super::figures::{Figure, Figures};
use super::table::groups;
use super::theme::plot_css;
use crate::results::Run;
use crate::results::units::{memory, rounded, time};

/// Writes one or several runs as an HTML page that needs nothing but itself.
///
/// # Errors
/// If `out` does not take it, such as a full disk.
pub fn write(runs: &[Run], out: &mut impl Write) -> io::Result<()> {
    let mut figures = Figures::default();
    let comparison = figures.comparison(runs)?;
    let overlaid = figures.overlaid(runs)?;
    write_head(runs, out)?;
    write_troubles(runs, out)?;
    write_figures("Side by side", &comparison, out)?;
    if !runs.is_empty() {
        write_figures("Over the run", &overlaid, out)?;
    }
    let mut latencies = Vec::new();
    for run in runs {
        let mut figure = figures.latency(run)?;
        if runs.len() > 1 {
            figure.title = format!("{}: {}", figure.title, run.name);
        }
        latencies.push(figure);
    }
    write_figures("Latency over time", &latencies, out)?;
    write_table(runs, out)?;
    write_notes(runs, out)?;
    writeln!(out, "</main>\n</body>\n</html>")
}

fn write_head(runs: &[Run], out: &mut impl Write) -> io::Result<()> {
    let title = match runs {
        [run] => format!("sawmill bench: {}", run.name),
        runs => format!("sawmill bench: {} runs", runs.len()),
    };
    let title = escape(&title);
    let (page_css, plot_css) = (include_str!("page.css"), plot_css());
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>\n{page_css}{plot_css}\n</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>"
    )?;
    if let Some(first) = runs.first() {
        let asked = &first.asked;
        writeln!(
            out,
            "<p class=\"muted\">{} · began {} · sawmill {}</p>",
            escape(&asked.target),
            escape(&first.started),
            env!("CARGO_PKG_VERSION")
        )?;
    } else {
        writeln!(out, "<p>There are no runs in this report.</p>")?;
    }
    if let [run] = runs {
        write_tiles(run, out)?;
    }
    Ok(())
}

/// The few figures that are looked for first.
fn write_tiles(run: &Run, out: &mut impl Write) -> io::Result<()> {
    let mut tiles = vec![
        ("events a second", rounded(run.events_per_second)),
        ("latency, median", time(run.latency.p50_us)),
        ("latency, 99th percentile", time(run.latency.p99_us)),
    ];
    if let Some(watched) = run.watched {
        tiles.push((
            "CPU an event",
            format!("{:.2} µs", watched.cpu_ns_per_event() / 1e3),
        ));
        tiles.push(("peak resident memory", memory(watched.resident_bytes_peak)));
    }
    writeln!(out, "<dl class=\"tiles\">")?;
    for (name, value) in tiles {
        writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(&value))?;
    }
    writeln!(out, "</dl>")
}

/// Violations and errors come before any figure: a server that breaks the protocol is not fast.
fn write_troubles(runs: &[Run], out: &mut impl Write) -> io::Result<()> {
    let of = |run: &Run| -> Vec<String> {
        let violations = run
            .violations
            .iter()
            .map(|kind| format!("violation, {} times: {}", kind.count, kind.first));
        let errors = run.errors.iter().map(|error| format!("error: {error}"));
        violations
            .chain(errors)
            .map(|text| format!("{}: {text}", run.name))
            .collect()
    };
    let troubles: Vec<_> = runs.iter().flat_map(of).collect();
    if troubles.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section class=\"trouble\" role=\"alert\">\n<h2>What went wrong</h2>\n<ul>"
    )?;
    for trouble in troubles {
        writeln!(out, "<li>{}</li>", escape(&trouble))?;
    }
    writeln!(out, "</ul>\n</section>")
}

fn write_figures(heading: &str, figures: &[Figure], out: &mut impl Write) -> io::Result<()> {
    if figures.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>{heading}</h2>\n<div class=\"plots\">")?;
    for Figure { title, svg } in figures {
        // Scrolled sideways on a narrow screen, which a keyboard must be able to do, too.
        let title = escape(title);
        write!(
            out,
            "<figure tabindex=\"0\">\n<figcaption>{title}</figcaption>\n{svg}</figure>\n"
        )?;
    }
    writeln!(out, "</div>")
}

fn write_table(runs: &[Run], out: &mut impl Write) -> io::Result<()> {
    if runs.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<h2 id=\"figures\">All figures</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"figures\">\n<table>\n<thead><tr><th scope=\"col\">figure</th>"
    )?;
    for run in runs {
        write!(out, "<th scope=\"col\">{}</th>", escape(&run.name))?;
    }
    writeln!(out, "</tr></thead>")?;
    for group in groups(runs) {
        let columns = runs.len() + 1;
        writeln!(
            out,
            "<tbody>\n<tr><th scope=\"rowgroup\" colspan=\"{columns}\">{}</th></tr>",
            group.name
        )?;
        for row in group.rows {
            write!(out, "<tr><th scope=\"row\">{}</th>", row.name)?;
            for value in row.values {
                write!(out, "<td>{}</td>", escape(&value))?;
            }
            writeln!(out, "</tr>")?;
        }
        writeln!(out, "</tbody>")?;
    }
    writeln!(out, "</table>\n</div>")
}

fn write_notes(runs: &[Run], out: &mut impl Write) -> io::Result<()> {
    if runs.iter().all(|run| run.notes.is_empty()) {
        return Ok(());
    }
    writeln!(out, "<h2>Notes</h2>\n<ul class=\"notes\">")?;
    for run in runs {
        for note in &run.notes {
            writeln!(out, "<li>{}: {}</li>", escape(&run.name), escape(note))?;
        }
    }
    writeln!(out, "</ul>")
}

/// A text as it may stand in an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Not allowed in HTML in any form.
            character if character.is_control() && character != '\n' && character != '\t' => {
                escaped.push('\u{fffd}');
            }
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
