//! The way through one text, block by block.

use crate::compact::block::{BLOCK_BYTES, Block, Lowest};
use crate::compact::braces::Braces;
use crate::compact::rules::Rules;
use crate::compact::{Cuts, Verdict};
use crate::scan::Scanner;

/// Looks through `text` and finds the cuts between the members of its object.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
pub(super) fn cut(text: &[u8], depth_max: u32, cuts: &mut Cuts) -> Verdict {
    if text.first() != Some(&b'{') {
        return Verdict::Unsure;
    }
    cuts.places.clear();
    let (mut rules, mut braces) = (Rules::default(), Braces::default());
    let mut lowest = Lowest::new();
    let mut ended = false;
    for base in (0..text.len()).step_by(BLOCK_BYTES) {
        let (block, valid) = look(&text[base..]);
        lowest.see(&block);
        let strings = rules.strings(block.quotes(), block.backslashes());
        if !are_escapes(text, base, strings.escapes) {
            return Verdict::Unsure;
        }
        if strings.are_all() {
            continue;
        }
        let tokens = rules.tokens(&block, strings, valid);
        let enclosed = braces.enclosed(tokens.opening, tokens.closing);
        let own = !(enclosed.members | tokens.lists);
        push(
            (tokens.colons | tokens.commas) & own,
            base,
            &mut cuts.places,
        );
        if !are_scalars(text, base, tokens.scalars) {
            return Verdict::Unsure;
        }
        if enclosed.ends != 0 {
            ended = base + enclosed.ends.trailing_zeros() as usize + 1 == text.len();
            if !ended {
                return Verdict::Unsure;
            }
        }
    }
    if ended && rules.held() && lowest.is_no_control() && braces.deepest() < depth_max {
        Verdict::Object
    } else {
        Verdict::Unsure
    }
}

/// The next block, and a bit for each of its bytes: the last one may be short.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
fn look(rest: &[u8]) -> (Block, u64) {
    if let Some(block) = rest.first_chunk() {
        return (Block::load(block), u64::MAX);
    }
    let mut block = [b' '; BLOCK_BYTES];
    block[..rest.len()].copy_from_slice(rest);
    (Block::load(&block), u64::MAX >> (BLOCK_BYTES - rest.len()))
}

/// Adds the places of all bits. Most blocks have few, so the first four are written at once and cut back.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
fn push(mut bits: u64, base: usize, places: &mut Vec<u32>) {
    let known = places.len() + bits.count_ones() as usize;
    let mut next = || {
        let place = base as u32 + bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        place
    };
    let first = [next(), next(), next(), next()];
    places.extend_from_slice(&first);
    while places.len() < known {
        places.push(next());
    }
    places.truncate(known);
}

/// Whether each backslash stands before something that it may stand before.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
fn are_escapes(text: &[u8], base: usize, mut backslashes: u64) -> bool {
    while backslashes != 0 {
        let at = base + backslashes.trailing_zeros() as usize;
        match text.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {}
            Some(b'u') if is_hex(text.get(at + 2..at + 6)) => {}
            Some(_) | None => return false,
        }
        backslashes &= backslashes - 1;
    }
    true
}

fn is_hex(digits: Option<&[u8]>) -> bool {
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// Whether numbers, `true`, `false` or `null` begin there, and end before a comma or a bracket.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
fn are_scalars(text: &[u8], base: usize, mut starts: u64) -> bool {
    while starts != 0 {
        let mut scanner = Scanner::new(text, 0);
        scanner.at = base + starts.trailing_zeros() as usize;
        if scanner.scalar().is_err() || !matches!(scanner.peek(), Some(b',' | b'}' | b']')) {
            return false;
        }
        starts &= starts - 1;
    }
    true
}
