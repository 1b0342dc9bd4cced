//! Text to make a line longer.

use std::fmt::Write;

use fastrand::Rng;

use super::envelope::{hex, uuid};
use super::line::pick;
use super::vocabulary::{FUNCTIONS, MODULES, PEOPLE, RESOURCES, SUBJECTS};

/// Appends so many bytes of what an application adds to its lines when it is talkative: names and values.
///
/// The values are random enough that it packs about as well as logs do, 3 to 4 : 1, not like one text repeated.
pub(super) fn pad(random: &mut Rng, bytes: usize, text: &mut String) {
    let end = text.len() + bytes;
    while text.len() < end {
        add_fact(random, text);
    }
    // The last fact is cut; if that is within a character, dots take its place.
    text.truncate(text.floor_char_boundary(end));
    text.extend(std::iter::repeat_n('.', end - text.len()));
}

fn add_fact(r: &mut Rng, text: &mut String) {
    let _ = match r.u8(..8) {
        0 => write!(text, " request_id={}", uuid(r)),
        1 => write!(text, " duration_ms={:.3}", r.f64() * 900.0),
        2 => write!(text, " user={} id={}", pick(r, &PEOPLE), r.u32(..100_000)),
        3 => write!(text, " span={} parent={}", hex(r, 8), hex(r, 8)),
        4 => write!(
            text,
            " caller=apps.{}.{}.{}:{}",
            pick(r, &RESOURCES),
            pick(r, &MODULES),
            pick(r, &FUNCTIONS),
            r.u16(..900)
        ),
        5 => write!(
            text,
            " point=({:.6} {:.6})",
            49.0 + r.f64() * 5.0,
            14.0 + r.f64() * 9.0
        ),
        6 => write!(text, " subject={}", pick(r, &SUBJECTS)),
        _ => write!(text, " rows={} of {}", r.u16(..), r.u32(..1_000_000)),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_has_the_bytes_asked_for() {
        let mut random = Rng::with_seed(3);
        for bytes in 0..2_000 {
            let mut text = "ż".to_owned();
            pad(&mut random, bytes, &mut text);
            assert_eq!(text.len(), 2 + bytes);
        }
    }
}
