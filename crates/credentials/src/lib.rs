//! Secrets, and what proves who somebody is: certificates, their keys and lists of those that were taken back, in PEM files.
//!
//! A [`Secret`] is a text that nobody is shown, a [`SecretSource`] the place where it is written. [`certificates`] and
//! [`revocation_lists`] read files, a [`KeyPair`] two that belong together. A [`CredentialError`] has the name of the setting,
//! the file with the place in it, and what to do.
//!
//! What never happens here: a secret is printed, a file is written, anything is sent.
//!
//! ```
//! use sawmill_credentials::{Secret, certificates, is_readable};
//!
//! assert_eq!(format!("{:?}", Secret::from("hush".to_owned())), "***");
//!
//! let error = certificates("ca_file", "gone.pem".as_ref(), is_readable).unwrap_err();
//! assert_eq!(error.setting, "ca_file");
//! assert!(error.problem.starts_with("gone.pem cannot be read: "));
//! assert_eq!(error.advice, "name a readable PEM file with a certificate in it");
//! ```

#![forbid(unsafe_code)]

mod encrypted;
mod error;
mod pair;
mod pem;
mod secret;

pub use error::CredentialError;
pub use pair::KeyPair;
pub use pem::{Unfit, certificates, is_readable, revocation_lists};
pub use secret::{Secret, SecretSource};
