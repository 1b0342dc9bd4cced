//! A secret as it was written: not shown, and gone from memory when it is dropped.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// The value of a setting that must not be shown.
#[derive(Clone, Default)]
pub(crate) struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The text itself, for those who need it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

/// Only defaults are written anywhere, and those are empty.
impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = if self.0.is_empty() { "" } else { "***" };
        serializer.serialize_str(shown)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::file::ConfigFile;

    #[test]
    fn neither_a_secret_nor_the_file_that_it_is_in_shows_it() {
        let text = "[output.elasticsearch]\npassword = 'hush'\napi_key = 'hush'\n";
        let file: ConfigFile = toml_edit::de::from_str(text).unwrap();
        assert_eq!(file.output.elasticsearch.password.expose(), "hush");
        assert!(!format!("{file:?}").contains("hush"));
        assert!(!serde_json::to_string(&file).unwrap().contains("hush"));
    }
}
