//! Bars side by side: one figure of several runs.

use std::io;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::plot::{Place, WIDTH, count, framed, shortened, text};
use super::theme::{GRID, INK, colour};
use super::undrawn;

/// One figure of several runs. Bars lie, so that names have room, and each has its value written above it.
#[derive(Clone, Debug)]
pub(super) struct Bars {
    /// The figure and its unit.
    pub(super) title: String,
    /// Runs' names, and their values as a number and as a text.
    pub(super) bars: Vec<Bar>,
}

#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) shown: String,
}

const ROW: i32 = 94;
const THICK: i32 = 30;
const LEFT: i32 = 8;
const BELOW_NAME: i32 = 44;

impl Bars {
    pub(super) fn svg(&self, place: Place) -> io::Result<String> {
        let height = count(self.bars.len()) * ROW + 8;
        let size = (WIDTH.cast_unsigned(), height.cast_unsigned());
        let mut drawing = String::new();
        {
            let root = SVGBackend::with_string(&mut drawing, size).into_drawing_area();
            self.draw(&root).map_err(undrawn)?;
            root.present().map_err(undrawn)?;
        }
        let values: Vec<_> = self
            .bars
            .iter()
            .map(|bar| format!("{}: {}.", bar.name, bar.shown))
            .collect();
        Ok(framed(
            &drawing,
            height,
            &self.title,
            &values.join(" "),
            place,
        ))
    }

    fn draw<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, plotters::coord::Shift>,
    ) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
        let most = self.bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
        let room = f64::from(WIDTH - 2 * LEFT);
        let mut top = 0;
        for bar in &self.bars {
            // Beside the name, so that it is seen on a narrow screen, too.
            let name = format!("{}: {}", shortened(&bar.name), bar.shown);
            area.draw_text(&name, &text(INK, HPos::Left, VPos::Top), (LEFT, top + 4))?;
            let length = if most > 0.0 {
                room * bar.value / most
            } else {
                0.0
            };
            let (upper, right) = (top + BELOW_NAME, LEFT + length.round() as i32);
            let whole = [(LEFT, upper), (right.max(LEFT + 2), upper + THICK)];
            area.draw(&Rectangle::new(whole, colour(0).filled()))?;
            top += ROW;
        }
        let axis = vec![
            (LEFT, BELOW_NAME - 4),
            (LEFT, top - ROW + BELOW_NAME + THICK + 4),
        ];
        area.draw(&PathElement::new(axis, GRID.stroke_width(2)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bar_has_its_name_and_value_in_words() {
        let bar = |name: &str, value| Bar {
            name: name.to_owned(),
            value,
            shown: format!("{value} µs"),
        };
        let bars = Bars {
            title: "CPU".to_owned(),
            bars: vec![bar("a<b", 2.0), bar("none", 0.0), bar("other", 4.0)],
        };
        let svg = bars.svg(Place::Page(1)).unwrap();
        assert!(
            svg.contains("a&lt;b: 2 µs. none: 0 µs. other: 4 µs."),
            "{svg}"
        );
        assert_eq!(svg.matches("<rect").count(), 3);
    }
}
