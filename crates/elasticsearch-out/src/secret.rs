//! A text that nobody may see: never shown, and gone from memory when it is dropped.

use std::fmt;

use zeroize::Zeroizing;

/// A password, an API key or a passphrase.
///
/// Its memory is overwritten when it is dropped, and `{:?}` does not show it; `{}` is not there.
///
/// ```
/// use sawmill_elasticsearch_out::Secret;
///
/// assert_eq!(format!("{:?}", Secret::from("hush".to_owned())), "***");
/// ```
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself, for those who need it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<Zeroizing<String>> for Secret {
    fn from(text: Zeroizing<String>) -> Self {
        Self(text)
    }
}
