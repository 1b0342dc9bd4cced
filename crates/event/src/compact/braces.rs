//! What braces enclose.

/// The braces of the blocks so far.
#[derive(Default)]
pub(super) struct Braces {
    depth: i32,
    deepest: i32,
    /// All ones if the next block begins within the object of a member.
    within: u64,
}

/// What the braces of a block enclose, as masks.
pub(super) struct Enclosed {
    /// The objects of members, braces included.
    pub(super) members: u64,
    /// Braces behind which there is nothing more to close.
    pub(super) ends: u64,
}

impl Braces {
    /// Follows the braces of the next block, one after the other.
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
    pub(super) fn enclosed(&mut self, opening: u64, closing: u64) -> Enclosed {
        let (mut members, mut ends) = (self.within, 0);
        let mut braces = opening | closing;
        while braces != 0 {
            let brace = braces & braces.wrapping_neg();
            braces ^= brace;
            // No branches: which way a brace goes is anybody's guess.
            let opens = opening & brace != 0;
            self.depth += if opens { 1 } else { -1 };
            self.deepest = self.deepest.max(self.depth);
            let crosses = self.depth == 1 + i32::from(opens);
            let from = brace.wrapping_neg() ^ if opens { 0 } else { brace };
            members ^= if crosses { from } else { 0 };
            ends |= if self.depth <= 0 { brace } else { 0 };
        }
        self.within = 0_u64.wrapping_sub(members >> 63);
        // A brace that closes in the last place of a block encloses no more of the next.
        if closing >> 63 == 1 && self.depth == 1 {
            self.within = 0;
        }
        Enclosed { members, ends }
    }

    /// The deepest level so far.
    pub(super) fn deepest(&self) -> u32 {
        self.deepest.cast_unsigned()
    }
}
