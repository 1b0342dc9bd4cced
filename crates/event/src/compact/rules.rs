//! The grammar of JSON without white space, as rules on masks.
//!
//! Without white space tokens stand side by side, so that what may follow what is a question about neighbouring bits:
//! a mask moved up by one bit says what stands one byte before.

use crate::compact::block::{Block, running_parity};

/// What of a block stands within strings.
#[derive(Clone, Copy)]
pub(super) struct Strings {
    /// Backslashes that begin an escape.
    pub(super) escapes: u64,
    quotes: u64,
    /// From the quote that begins a string to the byte before the one that ends it.
    inside: u64,
    backslashes: u64,
}

impl Strings {
    /// Whether the whole block lies within one string.
    #[inline]
    pub(super) fn are_all(self) -> bool {
        self.quotes == 0 && self.inside == u64::MAX
    }
}

/// Where the tokens of a block stand; nothing within strings counts.
pub(super) struct Tokens {
    /// `{`
    pub(super) opening: u64,
    /// `}`
    pub(super) closing: u64,
    pub(super) colons: u64,
    pub(super) commas: u64,
    /// What brackets enclose, with the bracket that begins it.
    pub(super) lists: u64,
    /// First bytes of numbers and the like.
    pub(super) scalars: u64,
}

/// What one block must know of those before it. `…_last` has bit 0 set if the last byte of the block before was of that kind.
pub(super) struct Rules {
    /// Bit 0 is set if the block's first byte is escaped.
    escape: u64,
    /// All ones if the block begins within a string.
    string: u64,
    /// 1 if that string is a key.
    key: u64,
    /// All ones if the block begins within a list.
    list: u64,
    before_value_last: u64,
    separator_last: u64,
    before_key_last: u64,
    other_last: u64,
    key_end_last: u64,
    /// Bits where a rule is broken, whichever.
    broken: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            escape: 0,
            string: 0,
            key: 0,
            list: 0,
            // The event's own object is a value, as if behind a colon.
            before_value_last: 1,
            separator_last: 0,
            before_key_last: 0,
            other_last: 0,
            key_end_last: 0,
            broken: 0,
        }
    }
}

/// The mask of the bytes behind those of `mask`; `last` brings a bit over from the block before and takes one along.
#[inline]
fn behind(mask: u64, last: &mut u64) -> u64 {
    let moved = mask << 1 | *last;
    *last = mask >> 63;
    moved
}

/// The even places of a block.
const EVEN: u64 = 0x5555_5555_5555_5555;

/// Whether a mask reaches over the end of its block, as a mask.
#[inline]
fn open_end(mask: u64) -> u64 {
    0_u64.wrapping_sub(mask >> 63)
}

impl Rules {
    /// Tells strings from what stands between them.
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
    pub(super) fn strings(&mut self, quotes: u64, backslashes: u64) -> Strings {
        let escaped = self.escaped(backslashes);
        let quotes = quotes & !escaped;
        let inside = running_parity(quotes) ^ self.string;
        self.string = open_end(inside);
        Strings {
            escapes: backslashes & !escaped,
            quotes,
            inside,
            backslashes,
        }
    }

    /// Finds the tokens between strings, and checks what stands behind what. `valid` has a bit for every byte that counts.
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
    pub(super) fn tokens(&mut self, block: &Block, strings: Strings, valid: u64) -> Tokens {
        let outside = !(strings.inside | strings.quotes) & valid;
        let [all_opening, all_closing] = block.brackets().map(|brackets| brackets & outside);
        let (colons, commas) = (block.colons() & outside, block.commas() & outside);
        let separators = colons | commas;
        let others = outside & !(all_opening | all_closing | separators);
        let scalars = others & !behind(others, &mut self.other_last);
        let begins = strings.quotes & strings.inside;

        // A value stands behind a colon, a comma or an opening bracket, and nothing else does but the end of an empty
        // object or list.
        let before_value = behind(separators | all_opening, &mut self.before_value_last);
        let behind_separator = behind(separators, &mut self.separator_last);
        self.broken |= (begins | all_opening | scalars) & !before_value;
        self.broken |= commas & before_value | all_closing & behind_separator;

        // Lists hold strings and scalars only, and begin and end in turns.
        let braces = block.braces();
        let (opening, list_begins) = (all_opening & braces, all_opening & !braces);
        let (closing, list_ends) = (all_closing & braces, all_closing & !braces);
        let lists = running_parity(list_begins | list_ends) ^ self.list;
        self.list = open_end(lists);
        self.broken |= (opening | closing | list_ends) & lists | list_begins & !lists;

        // In an object, what stands behind its brace or a comma is a key, and a colon stands behind keys only.
        let before_key = behind(opening | commas & !lists, &mut self.before_key_last);
        self.broken |= before_key & !(begins | closing);
        // Added to its first bit, a string's run of ones becomes a single one where the string ends.
        let (sum, carry) = strings.inside.overflowing_add(begins & before_key);
        let (sum, other_carry) = sum.overflowing_add(self.key);
        self.key = u64::from(carry | other_carry);
        let key_ends = sum & strings.quotes & !strings.inside;
        self.broken |= colons ^ behind(key_ends, &mut self.key_end_last);
        // A key with escapes is not in its shortest form.
        self.broken |= strings.backslashes & strings.inside & !sum;
        Tokens {
            opening,
            closing,
            colons,
            commas,
            lists,
            scalars,
        }
    }

    /// The bytes behind backslashes that begin an escape.
    #[inline]
    fn escaped(&mut self, backslashes: u64) -> u64 {
        if backslashes == 0 {
            return std::mem::take(&mut self.escape);
        }
        // Of a run of backslashes every other one begins an escape. Added to the first bit of a run that begins at an
        // odd place, the run carries on to the bit behind its end.
        let free = backslashes & !self.escape;
        let behind = free << 1 | self.escape;
        let (sum, overflow) = (free & !EVEN & !behind).overflowing_add(free);
        self.escape = u64::from(overflow);
        (EVEN ^ sum << 1) & behind
    }

    /// Whether no rule was broken, and no string and no list is left open.
    pub(super) fn held(&self) -> bool {
        self.broken == 0 && self.string == 0 && self.list == 0 && self.key_end_last == 0
    }
}
