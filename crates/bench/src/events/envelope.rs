//! What Filebeat puts around a line.

use std::io::Write;

use super::generator::{Facts, StreamForm};

/// One member of a JSON object.
struct Member<'a> {
    key: &'static str,
    value: Value<'a>,
}

enum Value<'a> {
    Json(&'a str),
    Number(u64),
    Object(&'a [Member<'a>]),
    Text(&'a str),
    /// A list of this one text.
    TextInList(&'a str),
}

const fn member<'a>(key: &'static str, value: Value<'a>) -> Member<'a> {
    Member { key, value }
}

/// How much Filebeat knows of its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostFacts {
    /// With `add_host_metadata`, on a host with a network card.
    All,
    /// With `add_host_metadata`, without addresses.
    NoAddresses,
    /// Without `add_host_metadata`: its name.
    Name,
}

/// One Filebeat on one host.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    pub(super) host: HostFacts,
    host_id: String,
    agent_id: String,
    ephemeral_id: String,
}

const HOST_NAME: &str = "pt-web-01";
const OS: [Member<'static>; 7] = [
    member("type", Value::Text("linux")),
    member("platform", Value::Text("debian")),
    member("version", Value::Text("12 (bookworm)")),
    member("family", Value::Text("debian")),
    member("name", Value::Text("Debian GNU/Linux")),
    member("kernel", Value::Text("6.1.0-28-amd64")),
    member("codename", Value::Text("bookworm")),
];
const ADDRESSES: &str = r#"["10.20.3.17","fe80::42:acff:fe11:2","172.17.0.1"]"#;
const HARDWARE_ADDRESSES: &str = r#"["02-42-AC-11-00-02","02-42-9F-3B-7C-D1"]"#;
/// The widest object, the event itself, has nine members besides the two that always come first.
const MEMBERS_MAX: usize = 9;

impl Envelope {
    pub(super) fn new(random: &mut fastrand::Rng, host: HostFacts) -> Self {
        Self {
            host,
            host_id: hex(random, 32),
            agent_id: uuid(random),
            ephemeral_id: uuid(random),
        }
    }

    /// Appends the event.
    ///
    /// `@timestamp` and `@metadata` come first and all other keys in any order, at every level: libbeat writes Go maps.
    pub(super) fn write(&self, random: &mut fastrand::Rng, facts: &Facts, out: &mut Vec<u8>) {
        let message = facts.line.message();
        let inode = facts.inode.to_string();
        let file = [
            member("path", Value::Text(facts.path)),
            // Texts since Filebeat 8.11.
            member("device_id", Value::Text("64769")),
            member("inode", Value::Text(&inode)),
        ];
        let log = [
            member("offset", Value::Number(facts.offset)),
            member("file", Value::Object(&file)),
            member("flags", Value::TextInList("multiline")),
        ];
        let log_members = if message.contains('\n') { 3 } else { 2 };
        let (host, agent) = (self.host(), self.agent());
        let stream = match facts.stream_form {
            StreamForm::Text => Value::Text(facts.stream),
            StreamForm::List => Value::TextInList(facts.stream),
        };
        let rest = [
            member("agent", Value::Object(&agent)),
            member("ecs", Value::Json(r#"{"version":"8.0.0"}"#)),
            member("group", Value::Text(facts.group)),
            member("host", Value::Object(&host[..self.host_members()])),
            member("input", Value::Json(r#"{"type":"filestream"}"#)),
            member("log", Value::Object(&log[..log_members])),
            member("message", Value::Text(&message)),
            member("service", Value::Text(facts.service)),
            member("stream", stream),
        ];
        let read_at = facts.read_at;
        write!(
            out,
            r#"{{"@timestamp":"{read_at:.3}","@metadata":{{"beat":"filebeat","type":"_doc","version":"8.11.0"}}"#
        )
        .expect("a vector takes every byte");
        write_shuffled(random, &rest, b",", out);
        out.push(b'}');
    }

    /// The members of `host`, those that not every Filebeat knows last.
    fn host(&self) -> [Member<'_>; 8] {
        [
            member("name", Value::Text(HOST_NAME)),
            member("hostname", Value::Text(HOST_NAME)),
            member("architecture", Value::Text("x86_64")),
            member("containerized", Value::Json("false")),
            member("id", Value::Text(&self.host_id)),
            member("os", Value::Object(&OS)),
            member("ip", Value::Json(ADDRESSES)),
            member("mac", Value::Json(HARDWARE_ADDRESSES)),
        ]
    }

    const fn host_members(&self) -> usize {
        match self.host {
            HostFacts::All => 8,
            HostFacts::NoAddresses => 6,
            HostFacts::Name => 1,
        }
    }

    fn agent(&self) -> [Member<'_>; 5] {
        [
            member("ephemeral_id", Value::Text(&self.ephemeral_id)),
            member("id", Value::Text(&self.agent_id)),
            member("name", Value::Text(HOST_NAME)),
            member("type", Value::Text("filebeat")),
            member("version", Value::Text("8.11.0")),
        ]
    }
}

/// Appends the members in random order, the first after `before` and all others after a comma.
fn write_shuffled(
    random: &mut fastrand::Rng,
    members: &[Member<'_>],
    before: &[u8],
    out: &mut Vec<u8>,
) {
    let mut places = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    debug_assert!(members.len() <= MEMBERS_MAX && places.len() == MEMBERS_MAX);
    random.shuffle(&mut places[..members.len()]);
    let mut separator = before;
    for place in &places[..members.len()] {
        let Member { key, value } = &members[*place];
        out.extend_from_slice(separator);
        separator = b",";
        out.push(b'"');
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
        write_value(random, value, out);
    }
}

fn write_value(random: &mut fastrand::Rng, value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Json(json) => out.extend_from_slice(json.as_bytes()),
        Value::Number(number) => write!(out, "{number}").expect("a vector takes every byte"),
        Value::Object(members) => {
            write_shuffled(random, members, b"{", out);
            out.push(b'}');
        }
        Value::Text(text) => write_text(text, out),
        Value::TextInList(text) => {
            out.push(b'[');
            write_text(text, out);
            out.push(b']');
        }
    }
}

/// As libbeat writes it: UTF-8 as it is, and escapes only where JSON asks for them.
fn write_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a text has a JSON form and a vector takes it");
}

/// That many hexadecimal digits.
pub(super) fn hex(random: &mut fastrand::Rng, digits: usize) -> String {
    (0..digits)
        .map(|_| char::from(b"0123456789abcdef"[random.usize(..16)]))
        .collect()
}

/// In the form of a UUID.
pub(super) fn uuid(random: &mut fastrand::Rng) -> String {
    let mut digits = hex(random, 32);
    for place in [20, 16, 12, 8] {
        digits.insert(place, '-');
    }
    digits
}
