//! Colours, and how they change in the dark.
//!
//! Plots carry the colours of the light theme as attributes, so that every viewer shows them; a style sheet that looks for
//! those attributes gives dark ones where they are asked for. So each colour here stands for one role and no other.

use std::fmt::Write;

use plotters::style::RGBColor;

/// Texts.
pub(super) const INK: RGBColor = RGBColor(0x1f, 0x23, 0x28);
/// Texts of less weight.
pub(super) const MUTED: RGBColor = RGBColor(0x59, 0x63, 0x6e);
/// Lines of the grid.
pub(super) const GRID: RGBColor = RGBColor(0xd8, 0xde, 0xe4);

/// A line's looks: colour in the light, colour in the dark, dashes.
struct Look {
    light: RGBColor,
    dark: &'static str,
    dashes: &'static str,
}

/// In the order in which lines take them. The first three differ for every kind of colour blindness, and all by dashes.
const LOOKS: [Look; 8] = [
    look(0x00, 0x72, 0xb2, "#58a6ff", "none"),
    look(0xd5, 0x5e, 0x00, "#ff9f5a", "18 8"),
    look(0x00, 0x7a, 0x5a, "#4cc9a0", "5 7"),
    look(0xaa, 0x44, 0x99, "#e58ad0", "20 6 5 6"),
    look(0x8a, 0x6d, 0x00, "#d9b844", "34 10"),
    look(0x5b, 0x5b, 0xd6, "#a5a5ff", "14 5 4 5 4 5"),
    look(0x88, 0x22, 0x55, "#f080a8", "10 10"),
    look(0x44, 0x60, 0x6b, "#a8bfcb", "30 6 12 6"),
];

/// As many lines as can be told apart in one plot.
pub(super) const LINES_MAX: usize = LOOKS.len();

const fn look(r: u8, g: u8, b: u8, dark: &'static str, dashes: &'static str) -> Look {
    Look {
        light: RGBColor(r, g, b),
        dark,
        dashes,
    }
}

/// The colour of the line in this place.
pub(super) fn colour(place: usize) -> RGBColor {
    LOOKS[place % LINES_MAX].light
}

/// The style sheet of a plot; a page has it once, a plot alone within it.
pub(super) fn plot_css() -> String {
    let mut css = String::from(
        "text{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif}",
    );
    let mut dark = String::new();
    for (colour, in_the_dark) in [(INK, "#e6edf3"), (MUTED, "#9198a1"), (GRID, "#30363d")] {
        let light = hex(colour);
        let _ = write!(
            dark,
            "[fill=\"{light}\"]{{fill:{in_the_dark}}}[stroke=\"{light}\"]{{stroke:{in_the_dark}}}"
        );
    }
    for look in &LOOKS {
        let light = hex(look.light);
        let _ = write!(
            css,
            "polyline[stroke=\"{light}\"]{{stroke-dasharray:{}}}",
            look.dashes
        );
        let _ = write!(
            dark,
            "[fill=\"{light}\"]{{fill:{0}}}[stroke=\"{light}\"]{{stroke:{0}}}",
            look.dark
        );
    }
    format!("{css}@media(prefers-color-scheme:dark){{{dark}}}")
}

/// As plotters writes it.
fn hex(RGBColor(r, g, b): RGBColor) -> String {
    format!("#{r:02X}{g:02X}{b:02X}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_role_has_its_own_colour_and_every_line_its_dashes() {
        let colours: HashSet<_> = LOOKS
            .iter()
            .map(|look| hex(look.light))
            .chain([INK, MUTED, GRID].map(hex))
            .collect();
        assert_eq!(colours.len(), LINES_MAX + 3);
        let dashes: HashSet<_> = LOOKS.iter().map(|look| look.dashes).collect();
        assert_eq!(dashes.len(), LINES_MAX);
    }
}
