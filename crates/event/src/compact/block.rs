//! Sixty-four bytes as masks: bit *n* is set where byte *n* is of a kind.

use std::arch::x86_64::{
    __m256i, _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_set_epi64x, _mm_set1_epi8,
    _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256,
    _mm256_set1_epi8, _mm256_slli_epi16,
};

/// Bytes looked at together.
pub(super) const BLOCK_BYTES: usize = 64;

/// Sixty-four bytes of a text; each question about them is answered with a mask.
#[derive(Clone, Copy)]
pub(super) struct Block([__m256i; 2]);

/// The brackets that begin lists and the braces that begin objects differ in this bit alone; so do those that end them.
const BRACE_BIT: u8 = b'{' ^ b'[';

impl Block {
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
    pub(super) fn load(bytes: &[u8; BLOCK_BYTES]) -> Self {
        let (halves, _) = bytes.as_chunks::<32>();
        Self([load(&halves[0]), load(&halves[1])])
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
    pub(super) fn quotes(&self) -> u64 {
        equal(self.0, b'"')
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
    pub(super) fn backslashes(&self) -> u64 {
        equal(self.0, b'\\')
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
    pub(super) fn colons(&self) -> u64 {
        equal(self.0, b':')
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
    pub(super) fn commas(&self) -> u64 {
        equal(self.0, b',')
    }

    /// `{` and `[`, and `}` and `]`.
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
    pub(super) fn brackets(&self) -> [u64; 2] {
        let braces = self.0.map(|half| _mm256_or_si256(half, all(BRACE_BIT)));
        [equal(braces, b'{'), equal(braces, b'}')]
    }

    /// Of the brackets, those that are braces.
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
    pub(super) fn braces(&self) -> u64 {
        // The bit becomes bit 7 of its byte, which is the one that counts.
        mask(self.0.map(|half| _mm256_slli_epi16::<2>(half)))
    }
}

/// The lowest byte of each place in all blocks.
pub(super) struct Lowest(__m256i);

impl Lowest {
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
    pub(super) fn new() -> Self {
        Self(all(u8::MAX))
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
    pub(super) fn see(&mut self, block: &Block) {
        let [low, high] = block.0;
        self.0 = _mm256_min_epu8(self.0, _mm256_min_epu8(low, high));
    }

    /// Whether no byte was below 0x20.
    #[inline]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
    pub(super) fn is_no_control(&self) -> bool {
        let below = _mm256_cmpeq_epi8(_mm256_min_epu8(self.0, all(0x1f)), self.0);
        _mm256_movemask_epi8(below) == 0
    }
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: it reads 32 bytes, wherever they begin.
    #[expect(
        unsafe_code,
        reason = "the standard library has no safe way to load a vector"
    )]
    unsafe {
        _mm256_loadu_si256(bytes.as_ptr().cast())
    }
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
fn all(byte: u8) -> __m256i {
    _mm256_set1_epi8(byte.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
fn equal(halves: [__m256i; 2], byte: u8) -> u64 {
    mask(halves.map(|half| _mm256_cmpeq_epi8(half, all(byte))))
}

/// The highest bit of each byte.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
fn mask(bytes: [__m256i; 2]) -> u64 {
    let [low, high] = bytes.map(|half| _mm256_movemask_epi8(half).cast_unsigned());
    u64::from(high) << 32 | u64::from(low)
}

/// Bit *n* tells whether an odd number of bits is set up to and with bit *n*: a product without carries.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
pub(super) fn running_parity(bits: u64) -> u64 {
    let bits = _mm_set_epi64x(0, bits.cast_signed());
    let product = _mm_clmulepi64_si128::<0>(bits, _mm_set1_epi8(-1));
    _mm_cvtsi128_si64(product).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_by_one(bytes: &[u8; BLOCK_BYTES], is: fn(u8) -> bool) -> u64 {
        let bits = bytes.iter().enumerate();
        bits.fold(0, |mask, (at, byte)| mask | u64::from(is(*byte)) << at)
    }

    #[test]
    #[expect(unsafe_code, reason = "the processor's vectors")]
    fn vectors_see_what_is_seen_one_by_one() {
        if crate::compact::has_vectors() {
            // SAFETY: the processor has been asked for them.
            unsafe { compare() };
        }
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,pclmulqdq")]
    fn compare() {
        for first in 0..=255_u8 {
            let bytes = std::array::from_fn(|at| first ^ (at as u8).wrapping_mul(37));
            let block = Block::load(&bytes);
            let [opening, closing] = block.brackets();
            let braces = block.braces();
            for (seen, is) in [
                (block.quotes(), (|byte| byte == b'"') as fn(u8) -> bool),
                (block.backslashes(), |byte| byte == b'\\'),
                (block.colons(), |byte| byte == b':'),
                (block.commas(), |byte| byte == b','),
                (opening & braces, |byte| byte == b'{'),
                (opening & !braces, |byte| byte == b'['),
                (closing & braces, |byte| byte == b'}'),
                (closing & !braces, |byte| byte == b']'),
            ] {
                assert_eq!(seen, one_by_one(&bytes, is), "{first}");
            }
            let parity = running_parity(braces);
            for at in 0..64 {
                let ones = (braces << (63 - at)).count_ones();
                assert_eq!(parity >> at & 1, u64::from(ones % 2), "{first} {at}");
            }
            let mut lowest = Lowest::new();
            lowest.see(&block);
            let controls = one_by_one(&bytes, |byte| byte < 0x20);
            assert_eq!(lowest.is_no_control(), controls == 0, "{first}");
        }
    }
}
