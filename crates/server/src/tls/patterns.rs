//! Patterns of the names in clients' certificates. A name of one kind never passes for one of another: whoever signs a certificate
//! may look closely at its DNS names and take any text for its organization.

use regex::Regex;

use super::certificate::{AlternativeName, Names};

/// What a subject must be like; in either, `*` stands for whatever, of any length.
#[derive(Clone, Debug)]
pub(crate) enum SubjectPattern {
    /// One of the common names.
    CommonName(Regex),
    /// All of it, as RFC 4514 writes it; `*` ends with the value that it stands in.
    Whole(Regex),
}

impl SubjectPattern {
    /// With a `=` as in `CN=pt-*,O=Example` it is for the whole subject. Every text is one.
    pub(crate) fn new(text: &str) -> Result<Self, regex::Error> {
        if text.contains('=') {
            // What is escaped belongs to the value; `,` and `+` as they are begin another attribute.
            regex_of(text, r"(?:\\.|[^\\,+])*").map(Self::Whole)
        } else {
            regex_of(text, ".*").map(Self::CommonName)
        }
    }

    pub(super) fn fits(&self, names: &Names) -> bool {
        match self {
            Self::CommonName(regex) => names.common.iter().any(|name| regex.is_match(name)),
            Self::Whole(regex) => regex.is_match(&names.subject),
        }
    }
}

/// What a subject alternative name must be like; `*` stands for whatever, of any length.
#[derive(Clone, Debug)]
pub(crate) struct AlternativePattern {
    kind: Kind,
    regex: Regex,
}

/// What an alternative name is the name of; a pattern's own form says which kind it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Address,
    Dns,
    Mail,
    Uri,
}

impl Kind {
    fn of_pattern(text: &str) -> Self {
        let is_of_address = |c: char| c.is_ascii_digit() || ".*".contains(c);
        if text.contains("://") || text.starts_with("urn:") {
            Self::Uri
        } else if text.contains('@') {
            Self::Mail
        } else if text.contains(':')
            || text.contains(|c: char| c.is_ascii_digit()) && text.chars().all(is_of_address)
        {
            Self::Address
        } else {
            Self::Dns
        }
    }
}

impl AlternativePattern {
    /// With `://` (or `urn:`) it is for URIs, with `@` for mail addresses, with `:` or of digits alone for addresses, and for DNS
    /// names otherwise. Every text is one.
    pub(crate) fn new(text: &str) -> Result<Self, regex::Error> {
        Ok(Self {
            kind: Kind::of_pattern(text),
            regex: regex_of(text, ".*")?,
        })
    }

    pub(super) fn fits(&self, names: &Names) -> bool {
        names.alternative.iter().any(|name| {
            let (kind, text) = match name {
                AlternativeName::Address(text) => (Kind::Address, text),
                AlternativeName::Dns(text) => (Kind::Dns, text),
                AlternativeName::Mail(text) => (Kind::Mail, text),
                AlternativeName::Uri(text) => (Kind::Uri, text),
            };
            kind == self.kind && self.regex.is_match(text)
        })
    }
}

/// What fits the whole of a text, with `star` for each `*`.
fn regex_of(text: &str, star: &str) -> Result<Regex, regex::Error> {
    let parts: Vec<_> = text.split('*').map(regex::escape).collect();
    Regex::new(&format!("^(?s:{})$", parts.join(star)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_meant_by_a_common_name_or_as_a_whole() {
        for (subject, common, pattern, want) in [
            ("CN=pt-web1,O=Example", "pt-web1", "pt-*", true),
            ("CN=pt-web1,O=Example", "pt-web1", "pt-web1", true),
            ("CN=pt-web1,O=Example", "pt-web1", "*", true),
            ("CN=pt-web1,O=Example", "pt-web1", "web*", false),
            ("CN=pt-web1,O=Example", "pt-web1", "pt.web1", false),
            ("CN=pt-web1,O=Example", "pt-web1", "pt-web", false),
            ("CN=pt-web1,O=Example", "pt-web1", "*Example", false),
            ("CN=pt-web1,O=Example", "pt-web1", "CN=*,O=Example", true),
            ("CN=pt-web1,O=Example", "pt-web1", "CN=pt-*", false),
            ("CN=pt-web1,O=Example", "pt-web1", "*O=Example", false),
            ("CN=a,OU=b,O=c", "a", "CN=*,O=c", false),
            ("CN=a+OU=b,O=c", "a", "CN=*,O=c", false),
            ("CN=a+OU=b,O=c", "a", "CN=a+OU=*,O=c", true),
            // A comma, a plus sign and a backslash within a value.
            (r"CN=a\,b\+c\\,O=d", r"a,b+c\", "CN=*,O=d", true),
            (r"CN=a\0Ab,O=d", "a\nb", "CN=*,O=d", true),
            (r"CN=pt-x\,O=e,O=Evil", "pt-x,O=e", "CN=pt-*,O=e", false),
            (r"CN=a\\,OU=b,O=c", r"a\", "CN=*,O=c", false),
            (r"CN=CN=pt-x\,O=e,O=f", "CN=pt-x,O=e", "CN=pt-*,O=e", false),
        ] {
            let names = Names {
                subject: subject.to_owned(),
                common: vec![common.to_owned()],
                ..Names::default()
            };
            let fits = SubjectPattern::new(pattern).unwrap().fits(&names);
            assert_eq!(fits, want, "{subject} {pattern}");
        }
    }

    #[test]
    fn an_alternative_name_is_meant_by_what_it_is_the_name_of() {
        let names = Names {
            alternative: vec![
                AlternativeName::Address("10.0.0.1".to_owned()),
                AlternativeName::Address("2001:db8::1".to_owned()),
                AlternativeName::Dns("10.1.evil.example".to_owned()),
                AlternativeName::Dns("web1.pt.example".to_owned()),
                AlternativeName::Mail("ops@mail.example".to_owned()),
                AlternativeName::Uri("spiffe://pt/web1.uri.example".to_owned()),
                AlternativeName::Uri("urn:pt:web1".to_owned()),
            ],
            ..Names::default()
        };
        for (pattern, want) in [
            ("*.example", true),
            ("web1.pt.example", true),
            ("*.mail.example", false),
            ("*mail.example", false),
            ("*.uri.example", false),
            ("spiffe://pt/*", true),
            ("urn:pt:*", true),
            ("*@mail.example", true),
            ("ops@*", true),
            ("10.0.0.1", true),
            ("10.0.0.*", true),
            ("10.1.*", false),
            ("2001:db8:*", true),
            ("2001:db9:*", false),
            ("web1", false),
        ] {
            let fits = AlternativePattern::new(pattern).unwrap().fits(&names);
            assert_eq!(fits, want, "{pattern}");
        }
    }
}
