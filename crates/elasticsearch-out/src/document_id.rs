//! An event's own `_id`, checked.

use thiserror::Error;

/// Longest `_id` Elasticsearch takes, in bytes. One that is longer fails the whole bulk request
/// (400 `action_request_validation_exception`), the good items with it, so it must not get there.
const ID_BYTES_MAX: usize = 512;

/// The `_id` a document is created under: sent again under the same one, it is not stored twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentId<'a>(&'a str);

impl<'a> DocumentId<'a> {
    /// Checks the length; any text is good otherwise.
    pub fn new(text: &'a str) -> Result<Self, DocumentIdError> {
        match text.len() {
            0 => Err(DocumentIdError::Empty),
            1..=ID_BYTES_MAX => Ok(Self(text)),
            bytes => Err(DocumentIdError::TooLong { bytes }),
        }
    }

    /// The id.
    pub fn as_str(&self) -> &'a str {
        self.0
    }

    /// Appends the id as the inside of a JSON string.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        let is_plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | 0..=0x1f);
        if self.0.as_bytes().iter().all(is_plain) {
            return out.extend_from_slice(self.0.as_bytes());
        }
        for &byte in self.0.as_bytes() {
            match byte {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                _ => out.push(byte),
            }
        }
    }
}

/// Why a text cannot be an `_id`.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentIdError {
    /// Elasticsearch fails the whole request for an empty one.
    #[error("the document's _id is empty")]
    Empty,
    /// Elasticsearch fails the whole request for a longer one.
    #[error("the document's _id has {bytes} bytes, limit {ID_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_between_1_and_512_bytes() {
        assert_eq!(DocumentId::new(""), Err(DocumentIdError::Empty));
        assert!(DocumentId::new("a").is_ok());
        assert!(DocumentId::new(&"é".repeat(256)).is_ok());
        assert_eq!(
            DocumentId::new(&"a".repeat(513)),
            Err(DocumentIdError::TooLong { bytes: 513 })
        );
    }

    #[test]
    fn an_id_is_written_so_that_json_reads_it_back() {
        for id in [
            "plain",
            "quo\"te",
            "back\\slash",
            "new\nline",
            "\u{0}\u{1f}\u{7f}",
            "naïve 🦀",
        ] {
            let mut out = vec![b'"'];
            DocumentId::new(id).unwrap().write(&mut out);
            out.push(b'"');
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), id);
        }
    }
}
