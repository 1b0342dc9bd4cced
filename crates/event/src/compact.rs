//! The fast way through JSON without white space, as Filebeat writes it.
//!
//! Sixty-four bytes at a time become bit masks of what stands where, and the grammar becomes rules on masks: which
//! token may stand behind which. Only braces, escapes, numbers and the cuts between the members of the event's own object
//! are looked at one by one. What the rules do not cover (white space, keys with escapes, lists of anything but strings
//! and scalars, anything wrong, a processor without AVX2) is [`Verdict::Unsure`], and
//! [`Scanner`](crate::scan::Scanner) has the word: whatever is found here, it would find too.

#[cfg(target_arch = "x86_64")]
mod block;
#[cfg(target_arch = "x86_64")]
mod braces;
#[cfg(target_arch = "x86_64")]
mod rules;
#[cfg(target_arch = "x86_64")]
mod walk;

use crate::scan::{Member, Quoted};

/// What the masks say of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Exactly one object, and the cuts are those of its members.
    Object,
    /// The scanner must be asked.
    Unsure,
}

/// Where the members of one object are cut: kept from event to event for their memory.
#[derive(Debug, Default)]
pub(crate) struct Cuts {
    /// The colon of each member and the comma behind it in turns; behind the last one there is none.
    places: Vec<u32>,
}

impl Cuts {
    /// How many members there are.
    pub(crate) fn members(&self) -> usize {
        self.places.len().div_ceil(2)
    }

    /// The members of the object that `text` is, in order.
    #[inline]
    pub(crate) fn each(&self, text: &[u8]) -> impl Iterator<Item = Member> {
        // The object's own brace stands before the first key, as commas do before the others.
        let mut before = 0;
        let last = text.len() as u32 - 1;
        self.places.chunks(2).map(move |cuts| {
            let (colon, end) = (cuts[0], cuts.get(1).copied().unwrap_or(last));
            let key = Quoted {
                start: before as usize + 2,
                end: colon as usize - 1,
                escaped: false,
            };
            before = end;
            Member {
                key,
                start: colon as usize + 1,
                end: end as usize,
            }
        })
    }
}

/// Looks through `text` and finds the cuts between the members of its object.
#[inline]
pub(crate) fn cut(text: &[u8], depth_max: u32, cuts: &mut Cuts) -> Verdict {
    #[cfg(target_arch = "x86_64")]
    if has_vectors() {
        // SAFETY: the processor has just been asked for all that the function is compiled for.
        #[expect(
            unsafe_code,
            reason = "the processor's vectors halve the cost of a parse"
        )]
        return unsafe { walk::cut(text, depth_max, cuts) };
    }
    Verdict::Unsure
}

/// Whether the processor has what this module is compiled for.
#[cfg(target_arch = "x86_64")]
#[inline]
fn has_vectors() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("pclmulqdq")
}

#[cfg(test)]
mod tests;
