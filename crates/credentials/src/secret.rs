//! A text that nobody may see: never shown, and gone from memory when it is dropped.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::CredentialError;

/// A password, an API key or a passphrase.
///
/// Its memory is overwritten when it is dropped, and `{:?}` does not show it; `{}` is not there.
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

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// Says no more than whether there is one.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = if self.0.is_empty() { "" } else { "***" };
        serializer.serialize_str(shown)
    }
}

/// Where a secret is written.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// Alone in this file; blanks and line ends around it do not count.
    File(PathBuf),
    /// Here.
    Text(Secret),
}

impl SecretSource {
    /// The secret as it is now: a file is read each time. `what` it is, and the `setting` of its file, are for the error.
    ///
    /// # Errors
    /// If the file cannot be read or is empty.
    pub fn read(&self, setting: &str, what: &str) -> Result<Secret, CredentialError> {
        let path = match self {
            Self::Text(secret) => return Ok(secret.clone()),
            Self::File(path) => path,
        };
        let text = fs::read_to_string(path).map(Zeroizing::new);
        let text = text.map_err(|error| {
            let problem = format!("{} cannot be read: {error}", path.display());
            let advice = format!("name a readable file that holds only the {what}");
            CredentialError::new(setting, problem, advice)
        })?;
        match text.trim() {
            "" => Err(CredentialError::new(
                setting,
                format!("{} is empty", path.display()),
                format!("write the {what} into it"),
            )),
            text => Ok(text.to_owned().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_to_nobody() {
        for (written, shown) in [(r#""""#, r#""""#), (r#""hush""#, r#""***""#)] {
            let secret: Secret = serde_json::from_str(written).unwrap();
            assert_eq!(format!("\"{}\"", secret.expose()), written);
            assert_eq!(
                format!("{:?}", SecretSource::Text(secret.clone())),
                "Text(***)"
            );
            assert_eq!(serde_json::to_string(&secret).unwrap(), shown);
        }
    }

    #[test]
    fn a_secret_in_a_file_is_what_the_file_holds_now() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let source = SecretSource::File(path.clone());
        let read = || source.read("password_file", "password");
        for (text, want) in [(" hush\r\n", "hush"), ("sesame", "sesame")] {
            fs::write(&path, text).unwrap();
            assert_eq!(read().unwrap().expose(), want);
        }
        fs::write(&path, " \n").unwrap();
        let error = read().unwrap_err();
        assert!(error.problem.ends_with("password is empty"), "{error}");
        assert_eq!(error.advice, "write the password into it");
        fs::write(&path, b"\xff").unwrap();
        let error = read().unwrap_err();
        assert_eq!(error.setting, "password_file");
        assert!(error.problem.contains("cannot be read"), "{error}");
    }
}
