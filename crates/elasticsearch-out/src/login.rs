//! Who writes, and the header that says so.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use elasticsearch::http::headers::HeaderValue;
use sawmill_credentials::Secret;

use crate::settings::SettingsError;

/// Who writes. Secrets are not shown by `{:?}`.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// An API key: `id:key` as in Logstash, or the `encoded` form that Elasticsearch answers when it makes one.
    ApiKey(Secret),
    /// A user and a password.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// Nobody: Elasticsearch's security is off.
    None,
}

impl Credentials {
    /// The value of `Authorization`, marked so that nobody prints it. The client library is not given the login: it
    /// would keep it as a text that `{:?}` shows.
    pub(crate) fn header(&self) -> Result<Option<HeaderValue>, SettingsError> {
        let text = match self {
            Self::None => return Ok(None),
            Self::Basic { user, password } => {
                let pair = joined(&[user, ":", password.expose()]);
                joined(&["Basic ", encoded(&pair).expose()])
            }
            Self::ApiKey(key) if key.expose().contains(':') => {
                joined(&["ApiKey ", encoded(key).expose()])
            }
            Self::ApiKey(key) => joined(&["ApiKey ", key.expose()]),
        };
        let mut value = HeaderValue::from_str(text.expose()).map_err(|_| SettingsError::ApiKey)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

fn encoded(secret: &Secret) -> Secret {
    BASE64_STANDARD.encode(secret.expose()).into()
}

/// In one allocation: a text that grows leaves copies behind.
fn joined(parts: &[&str]) -> Secret {
    parts.concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(user: &str, password: &str) -> Credentials {
        Credentials::Basic {
            user: user.to_owned(),
            password: password.to_owned().into(),
        }
    }

    fn key(key: &str) -> Credentials {
        Credentials::ApiKey(key.to_owned().into())
    }

    #[test]
    fn a_login_becomes_a_header_that_does_not_show_it() {
        for (credentials, want) in [
            (
                basic("writer", "pässword"),
                "Basic d3JpdGVyOnDDpHNzd29yZA==",
            ),
            (basic("u", "a:b"), "Basic dTphOmI="),
            (key("id:hush"), "ApiKey aWQ6aHVzaA=="),
            (key("aWQ6aHVzaA=="), "ApiKey aWQ6aHVzaA=="),
        ] {
            let header = credentials.header().unwrap().unwrap();
            assert_eq!(header.to_str().unwrap(), want);
            assert_eq!(format!("{header:?}"), "Sensitive");
            for secret in ["pässword", "a:b", "hush", "aHVzaA"] {
                assert!(!format!("{credentials:?}").contains(secret));
            }
        }
        assert!(Credentials::None.header().unwrap().is_none());
        assert!(key("a\nb").header().is_err());
    }
}
