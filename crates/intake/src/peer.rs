//! Who sends: what the pipeline may know of it, and what it may send.

use std::sync::Arc;

use sawmill_event::{Event, FieldRef, FieldRefError, Value};

use crate::dead_letter::Reason;

/// The sender of a piece, as far as it matters to events.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// What the pipeline is told, if it asks.
    pub facts: Option<Facts>,
    /// The values that `[group]` may have in what it sends; `None` for any.
    pub groups: Option<Arc<[String]>>,
}

/// What is known of a sender.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its address.
    pub address: String,
    /// Its TLS session, if there is one.
    pub session: Option<Session>,
}

/// A TLS session.
#[derive(Clone, Debug)]
pub struct Session {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: String,
    /// The cipher suite, by IANA's name.
    pub cipher: String,
    /// The subject of the certificate that the sender showed (RFC 4514), which was verified.
    pub subject: Option<String>,
}

/// Where facts stand in an event: where Logstash's beats input puts them with ECS.
pub(crate) struct PeerFields {
    address: FieldRef,
    status: FieldRef,
    version: FieldRef,
    cipher: FieldRef,
    subject: FieldRef,
    group: FieldRef,
}

impl PeerFields {
    pub(crate) fn new() -> Result<Self, FieldRefError> {
        let tls = |name: &str| FieldRef::parse(&format!("[@metadata][input][beats][tls]{name}"));
        Ok(Self {
            address: FieldRef::parse("[@metadata][input][beats][host][ip]")?,
            status: FieldRef::parse("[@metadata][tls_peer][status]")?,
            version: tls("[version_protocol]")?,
            cipher: tls("[cipher]")?,
            subject: tls("[client][subject]")?,
            group: FieldRef::parse("[group]")?,
        })
    }

    /// Checks whether `peer` may send the event, and writes into it what is known of `peer`, in place of whatever the event
    /// says of it.
    pub(crate) fn apply(&self, peer: &Peer, event: &mut Event<'_>) -> Result<(), Reason> {
        if let Some(groups) = &peer.groups
            && !self.is_of(groups, event)
        {
            return Err(Reason::NotAllowed);
        }
        let Some(facts) = &peer.facts else {
            return Ok(());
        };
        let session = facts.session.as_ref();
        let subject = session.and_then(|session| session.subject.as_deref());
        let status = session.map(|_| match subject {
            Some(_) => "verified",
            None => "unverified",
        });
        for (field, text) in [
            (&self.address, Some(facts.address.as_str())),
            (&self.status, status),
            (
                &self.version,
                session.map(|session| session.version.as_str()),
            ),
            (&self.cipher, session.map(|session| session.cipher.as_str())),
            (&self.subject, subject),
        ] {
            match text {
                // Only within something that is no object it cannot be set; then it cannot be read there either.
                Some(text) => {
                    let _ = event.set_string(field, text);
                }
                None => {
                    event.remove(field);
                }
            }
        }
        Ok(())
    }

    /// Whether all that stands in `[group]`, and something does, is among these.
    fn is_of(&self, groups: &[String], event: &Event<'_>) -> bool {
        let mut buffer = String::new();
        let mut is_one = |value: Value<'_>| match value {
            Value::String(text) => {
                let text = text.text(&mut buffer);
                groups.iter().any(|group| group == text)
            }
            _ => false,
        };
        match event.get(&self.group) {
            Some(list @ Value::Array(_)) => {
                let (mut all, mut any) = (true, false);
                list.for_each_element(|element| {
                    all &= is_one(Value::of(element));
                    any = true;
                });
                all && any
            }
            Some(value) => is_one(value),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use sawmill_event::{Limits, Tables};

    use super::*;

    fn applied(peer: &Peer, json: &str) -> Result<String, Reason> {
        let (mut json, mut tables) = (json.as_bytes().to_vec(), Tables::default());
        let mut event = Event::parse(&mut json, &mut tables, &Limits::default()).unwrap();
        let fields = PeerFields::new().unwrap();
        fields.apply(peer, &mut event)?;
        let mut out = Vec::new();
        event.write_json(&FieldRef::parse("@metadata").unwrap(), &mut out);
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_sender_may_send_its_own_groups_only() {
        let peer = Peer {
            facts: None,
            groups: Some(Arc::new(["pt".to_owned(), "es".to_owned()])),
        };
        for (group, allowed) in [
            (r#""pt""#, true),
            (r#""p\u0074""#, true),
            (r#"["pt","es"]"#, true),
            (r#"["pt","fr"]"#, false),
            (r#""fr""#, false),
            (r#""""#, false),
            ("[]", false),
            ("[[\"pt\"]]", false),
            ("null", false),
            (r#"{"pt":1}"#, false),
            ("1", false),
        ] {
            let got = applied(&peer, &format!(r#"{{"group":{group}}}"#));
            assert_eq!(got.is_ok(), allowed, "{group}: {got:?}");
        }
        assert_eq!(applied(&peer, "{}"), Err(Reason::NotAllowed));
        assert!(applied(&Peer::default(), "{}").is_ok());
    }

    #[test]
    fn what_an_event_says_of_its_sender_does_not_count() {
        let facts = |session| Peer {
            facts: Some(Facts {
                address: "192.0.2.1".to_owned(),
                session,
            }),
            groups: None,
        };
        let forged = r#"{"@metadata":{"tls_peer":{"status":"verified"},"input":{"beats":{"tls":{"client":{"subject":"CN=root"}},"host":{"ip":"127.0.0.1"}}}}}"#;
        let got = applied(&facts(None), forged).unwrap();
        assert!(got.contains(r#""ip":"192.0.2.1""#), "{got}");
        assert!(!got.contains("root") && !got.contains("verified"), "{got}");
        let session = Session {
            version: "TLSv1.3".to_owned(),
            cipher: "TLS_AES_256_GCM_SHA384".to_owned(),
            subject: Some("CN=pt-web1".to_owned()),
        };
        let got = applied(&facts(Some(session)), forged).unwrap();
        for text in [
            r#""subject":"CN=pt-web1""#,
            r#""status":"verified""#,
            "TLSv1.3",
        ] {
            assert!(got.contains(text), "{got}");
        }
        for odd in [r#"{"@metadata":null}"#, r#"{"@metadata":"x"}"#, "{}"] {
            assert!(applied(&facts(None), odd).is_ok(), "{odd}");
        }
    }
}
