//! The SHA-256 of a certificate, as Elasticsearch prints that of its authority when it starts for the first time.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use thiserror::Error;

/// The SHA-256 of a certificate's DER.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; SHA256_OUTPUT_LEN]);

impl Fingerprint {
    pub(super) fn is_of(&self, certificate: &[u8]) -> bool {
        digest(&SHA256, certificate).as_ref() == self.0
    }
}

/// Hexadecimal digits in any case, with colons between pairs or without.
impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut digits = Vec::with_capacity(2 * SHA256_OUTPUT_LEN);
        for character in text.trim().chars().filter(|character| *character != ':') {
            let digit = character
                .to_digit(16)
                .ok_or(FingerprintError::Character(character))?;
            digits.push(digit as u8);
        }
        let length = FingerprintError::Length {
            digits: digits.len(),
        };
        if digits.len() != 2 * SHA256_OUTPUT_LEN {
            return Err(length);
        }
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        Ok(Self(bytes))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why a text is no fingerprint.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FingerprintError {
    /// Neither a hexadecimal digit nor a colon.
    #[error("it has `{0}` in it, which is no hexadecimal digit")]
    Character(char),
    /// It is of something else than SHA-256, or not whole.
    #[error("it has {digits} hexadecimal digits, and a SHA-256 has 64{}", hint(*digits))]
    Length {
        /// Digits, colons left out.
        digits: usize,
    },
}

fn hint(digits: usize) -> &'static str {
    match digits {
        40 => " (this may be a SHA-1)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the text `abc`, from FIPS 180-2.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_fingerprint_is_read_in_every_form_that_tools_print() {
        let pairs: Vec<&str> = (0..32).map(|pair| &ABC[2 * pair..][..2]).collect();
        for text in [
            ABC.to_owned(),
            ABC.to_uppercase(),
            pairs.join(":"),
            pairs.join(":").to_uppercase(),
            format!(" {ABC}\n"),
        ] {
            let fingerprint: Fingerprint = text.parse().unwrap();
            assert!(fingerprint.is_of(b"abc") && !fingerprint.is_of(b"abd"));
        }
    }

    #[test]
    fn what_is_no_fingerprint_is_said() {
        for (text, want) in [
            ("", "it has 0 hexadecimal digits, and a SHA-256 has 64"),
            (&ABC[..40], "64 (this may be a SHA-1)"),
            (&ABC[1..], "it has 63 hexadecimal digits"),
            ("SHA256 Fingerprint=BA:78", "it has `S` in it"),
            ("ßa", "it has `ß` in it"),
        ] {
            let error = text.parse::<Fingerprint>().unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
    }
}
