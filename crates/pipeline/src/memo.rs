//! What was found out about a text, so that it need not be found out again: the same few hundred loggers write all lines.

use std::hash::{BuildHasher, BuildHasherDefault};

use rustc_hash::FxHasher;

/// Answers by text. Each text has one place, and the last one that wanted it has it.
pub(crate) struct Memo<A> {
    places: Box<[Option<Known<A>>]>,
    hasher: BuildHasherDefault<FxHasher>,
}

struct Known<A> {
    text: String,
    answer: A,
}

/// Places, a power of two.
const PLACES: usize = 1024;

/// Longer texts are not kept: a memo takes a bounded amount of memory.
const TEXT_BYTES_MAX: usize = 256;

impl<A: Copy> Memo<A> {
    pub(crate) fn new() -> Self {
        Self {
            places: (0..PLACES).map(|_| None).collect(),
            hasher: BuildHasherDefault::default(),
        }
    }

    /// The answer for `text`, which `find_out` gives if it is not known.
    #[inline]
    pub(crate) fn answer(&mut self, text: &str, find_out: impl FnOnce(&str) -> A) -> A {
        let place = self.hasher.hash_one(text) as usize % PLACES;
        let place = &mut self.places[place];
        match place {
            Some(known) if known.text == text => known.answer,
            Some(_) | None => remember(place, text, find_out(text)),
        }
    }
}

#[inline(never)]
fn remember<A: Copy>(place: &mut Option<Known<A>>, text: &str, answer: A) -> A {
    if text.len() <= TEXT_BYTES_MAX {
        let mut kept = place.take().map_or_else(String::new, |known| known.text);
        kept.clear();
        kept.push_str(text);
        *place = Some(Known { text: kept, answer });
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_asked_about_once_while_it_has_its_place() {
        let (mut memo, mut asked) = (Memo::new(), 0);
        for _ in 0..3 {
            for text in ["", "django.request", "apps.parcels.views"] {
                let answer = memo.answer(text, |text| {
                    asked += 1;
                    text.len()
                });
                assert_eq!(answer, text.len());
            }
        }
        assert_eq!(asked, 3);
    }

    #[test]
    fn answers_are_right_however_many_texts_there_are() {
        let mut memo = Memo::new();
        for _ in 0..2 {
            for number in 0..10_000_usize {
                let text = format!("logger.{number}{}", "x".repeat(number % 400));
                assert_eq!(memo.answer(&text, str::len), text.len());
            }
        }
    }
}
