//! A plot of lines.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Ticked, fits};
use super::page::escape;
use super::theme::{GRID, INK, LINES_MAX, MUTED, colour, plot_css};
use super::undrawn;

/// Lines over one another, such as the cost of an event over the number of connections.
#[derive(Clone, Debug, PartialEq)]
pub struct LinePlot {
    /// What it shows.
    pub title: String,
    /// To the right.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// The lines. No more than eight can be told apart; those beyond are left out, and the plot says so.
    pub lines: Vec<Line>,
}

/// One line of a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it is of.
    pub name: String,
    /// Its points by ascending x.
    pub points: Vec<(f64, f64)>,
}

/// Plots are drawn twice as large as they are shown, since plotters has whole pixels only.
pub(super) const WIDTH: i32 = 1280;
const HEIGHT: i32 = 570;
const TEXT: f64 = 32.0;
const LEGEND_ROW: i32 = 38;
const LEGEND_SAMPLE: i32 = 64;
/// Between two entries.
const LEGEND_GAP: i32 = 36;
/// About the width of a letter: nobody knows the viewer's font.
const LETTER: i32 = 14;
/// As much of a name as is shown.
const NAME_CHARS_MAX: usize = 48;
/// Lines with more points get no dots.
const DOTS_MAX: usize = 40;

impl LinePlot {
    /// Writes the plot as a file of its own, which has its colours for light and dark in it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_svg(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, self.svg(Place::Alone)?)
    }

    /// The plot as an element of a page, or as a document.
    pub(super) fn svg(&self, place: Place) -> io::Result<String> {
        let rows = self.legend_rows();
        let legend = count(rows.len()) * LEGEND_ROW;
        let size = (WIDTH.cast_unsigned(), (HEIGHT + legend).cast_unsigned());
        let mut drawing = String::new();
        {
            let root = SVGBackend::with_string(&mut drawing, size).into_drawing_area();
            let (head, below) = root.split_vertically(legend);
            draw_legend(&head, &rows).map_err(undrawn)?;
            self.draw(&below).map_err(undrawn)?;
            root.present().map_err(undrawn)?;
        }
        Ok(framed(
            &drawing,
            HEIGHT + legend,
            &self.title,
            &self.description(),
            place,
        ))
    }

    fn shown(&self) -> &[Line] {
        &self.lines[..self.lines.len().min(LINES_MAX)]
    }

    /// Whether both axes can show the point.
    fn shows(&self, (x, y): &(f64, f64)) -> bool {
        fits(self.x.scale, *x) && fits(self.y.scale, *y)
    }

    /// What the plot shows, in words and numbers.
    fn description(&self) -> String {
        let mut text = format!("{} over {}.", self.y.name, self.x.name);
        for line in self.shown() {
            let values = || {
                line.points
                    .iter()
                    .filter(|point| self.shows(point))
                    .map(|(_, y)| *y)
            };
            let least = values().fold(f64::INFINITY, f64::min);
            let most = values().fold(f64::NEG_INFINITY, f64::max);
            let _ = if least <= most {
                let (least, most) = (super::axis::number(least), super::axis::number(most));
                write!(text, " {}: from {least} to {most}.", line.name)
            } else {
                write!(text, " {}: no values.", line.name)
            };
        }
        text
    }

    fn draw<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, plotters::coord::Shift>,
    ) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
        let points = || {
            self.shown()
                .iter()
                .flat_map(|line| &line.points)
                .filter(|point| self.shows(point))
        };
        let x = Ticked::new(self.x.scale, points().map(|(x, _)| *x));
        let y = Ticked::new(self.y.scale, points().map(|(_, y)| *y));
        let (x_labels, y_labels) = (x.labels(), y.labels());
        area.draw_text(&self.y.name, &text(MUTED, HPos::Left, VPos::Top), (8, 12))?;
        let mut chart = ChartBuilder::on(area)
            .margin_top(58)
            .margin_right(44)
            .margin_bottom(6)
            .x_label_area_size(88)
            .y_label_area_size(118)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID.stroke_width(2))
            .light_line_style(TRANSPARENT)
            .axis_style(GRID.stroke_width(2))
            .label_style(("sans-serif", TEXT).into_font().color(&MUTED))
            .axis_desc_style(("sans-serif", TEXT).into_font().color(&MUTED))
            .x_label_formatter(&x_labels)
            .y_label_formatter(&y_labels)
            .x_desc(self.x.name.clone())
            .draw()?;
        for (place, line) in self.shown().iter().enumerate() {
            let points: Vec<_> = line
                .points
                .iter()
                .filter(|point| self.shows(point))
                .copied()
                .collect();
            if points.len() <= DOTS_MAX {
                let dot = |point: &(f64, f64)| Circle::new(*point, 6, colour(place).filled());
                chart.draw_series(points.iter().map(dot))?;
            }
            let style = colour(place).stroke_width(4);
            chart.draw_series(LineSeries::new(points, style))?;
        }
        Ok(())
    }

    /// The entries of the legend by row; none for a line that needs no name.
    fn legend_rows(&self) -> Vec<Vec<Entry>> {
        let mut rows: Vec<Vec<Entry>> = Vec::new();
        if self.lines.len() < 2 {
            return rows;
        }
        let mut left = 8;
        let hidden = self.lines.len() - self.shown().len();
        let note = (hidden > 0).then(|| format!("and {hidden} more, not shown"));
        let names = self
            .shown()
            .iter()
            .enumerate()
            .map(|(place, line)| (Some(place), shortened(&line.name)));
        for (place, name) in names.chain(note.map(|note| (None, note))) {
            let width = LEGEND_SAMPLE + 12 + count(name.chars().count()) * LETTER;
            if rows.is_empty() || left + width > WIDTH {
                rows.push(Vec::new());
                left = 8;
            }
            if let Some(row) = rows.last_mut() {
                row.push(Entry { left, place, name });
            }
            left += width + LEGEND_GAP;
        }
        rows
    }
}

/// Where a plot is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a file of its own, which must have everything in it.
    Alone,
    /// In a page that has the style sheet and shows the title; the number makes the plot's names unique in it.
    Page(usize),
}

struct Entry {
    left: i32,
    /// The line's place; a note has none.
    place: Option<usize>,
    name: String,
}

fn draw_legend<DB: DrawingBackend>(
    area: &DrawingArea<DB, plotters::coord::Shift>,
    rows: &[Vec<Entry>],
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    for (row, entries) in rows.iter().enumerate() {
        let middle = count(row) * LEGEND_ROW + LEGEND_ROW / 2;
        for Entry { left, place, name } in entries {
            if let Some(place) = *place {
                let sample = vec![(*left, middle), (left + LEGEND_SAMPLE, middle)];
                area.draw(&PathElement::new(sample, colour(place).stroke_width(4)))?;
            }
            let beside = (left + LEGEND_SAMPLE + 12, middle);
            area.draw_text(name, &text(INK, HPos::Left, VPos::Center), beside)?;
        }
    }
    Ok(())
}

/// A text's looks.
pub(super) fn text(colour: RGBColor, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    TextStyle {
        font: ("sans-serif", TEXT).into_font(),
        color: colour.to_backend_color(),
        pos: Pos::new(horizontal, vertical),
    }
}

/// A small number of things, for placing them.
pub(super) fn count(things: usize) -> i32 {
    i32::try_from(things).unwrap_or(i32::MAX / 4096)
}

/// A name as it is drawn: no longer than there is room for, and without what no SVG may hold. plotters escapes the rest.
pub(super) fn shortened(name: &str) -> String {
    let mut shown: String = name
        .chars()
        .filter(|it| !it.is_control())
        .take(NAME_CHARS_MAX)
        .collect();
    if name.chars().count() > NAME_CHARS_MAX {
        shown.push('…');
    }
    shown
}

/// Gives a drawing an outer element that scales, says what it shows, and has its colours with it if it stands alone.
pub(super) fn framed(
    drawing: &str,
    height: i32,
    title: &str,
    description: &str,
    place: Place,
) -> String {
    // plotters' own outer element: fixed in size, and with nothing to say.
    let inner = drawing.find("<svg").and_then(|start| {
        let end = drawing[start..].find('>')?;
        drawing[start + end + 1..].rsplit_once("</svg>")
    });
    let inner = inner.map_or("", |(inner, _)| inner).trim();
    let (title, description) = (escape(title), escape(description));
    let (id, head, top, style) = match place {
        Place::Page(number) => (format!("plot{number}"), String::new(), 0, String::new()),
        Place::Alone => (
            "plot".to_owned(),
            format!(
                "<text x=\"8\" y=\"-20\" font-size=\"30\" font-weight=\"600\" fill=\"#1F2328\">{title}</text>"
            ),
            64,
            format!("<style>{}</style>", plot_css()),
        ),
    };
    let (full, namespace) = (height + top, "http://www.w3.org/2000/svg");
    format!(
        "<svg xmlns=\"{namespace}\" viewBox=\"0 -{top} {WIDTH} {full}\" role=\"img\" aria-labelledby=\"{id}-title {id}-text\">\
         <title id=\"{id}-title\">{title}</title><desc id=\"{id}-text\">{description}</desc>{style}{head}{inner}</svg>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(lines: usize) -> LinePlot {
        LinePlot {
            title: "Cost & <connections>".to_owned(),
            x: Axis::log("connections"),
            y: Axis::linear("CPU an event, µs"),
            lines: (0..lines)
                .map(|line| Line {
                    name: format!("server <{line}>"),
                    points: vec![(1.0, 2.5), (100.0, 3.0), (10_000.0, f64::NAN), (0.0, 1.0)],
                })
                .collect(),
        }
    }

    #[test]
    fn a_plot_alone_has_all_it_needs_and_escapes_its_texts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plot.svg");
        plot(2).write_svg(&path).unwrap();
        let svg = std::fs::read_to_string(path).unwrap();
        for want in [
            "<svg xmlns=\"http://www.w3.org/2000/svg\"",
            "<title id=\"plot-title\">Cost &amp; &lt;connections&gt;</title>",
            "CPU an event, µs over connections. server &lt;0&gt;: from 2.5 to 3.",
            "prefers-color-scheme:dark",
            "role=\"img\"",
        ] {
            assert!(svg.contains(want), "{want}: {svg}");
        }
        assert_eq!(svg.matches("<svg").count(), 1);
        assert!(!svg.contains("<server") && !svg.contains("<connections"));
        assert!(!svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn lines_that_cannot_be_told_apart_are_left_out_and_said_to_be() {
        let svg = plot(11).svg(Place::Page(3)).unwrap();
        assert!(svg.contains("and 3 more, not shown"));
        assert!(svg.contains("server &lt;7&gt;") && !svg.contains("server &lt;8&gt;"));
        assert!(svg.contains("id=\"plot3-title\""));
    }

    #[test]
    fn a_line_alone_needs_no_legend_and_none_at_all_no_points() {
        assert!(plot(1).legend_rows().is_empty());
        assert!(plot(0).svg(Place::Alone).unwrap().contains("</svg>"));
    }
}
