//! Events as Filebeat 8.11 writes them.

use std::io::Write;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::error::SendError;
use crate::host_name::host_name;

const VERSION: &str = "8.11.0";
/// The version of the Elastic Common Schema that Filebeat 8 names.
const ECS_VERSION: &str = "8.0.0";
/// Members that every event has of its own.
const OWN: [&str; 4] = ["@metadata", "@timestamp", "log", "message"];

/// What events say about the file they are from.
pub(super) struct FileFacts {
    /// The whole path.
    pub(super) path: String,
    /// Device and inode.
    pub(super) identity: Option<(u64, u64)>,
}

/// What all events of one call have in common.
pub(super) struct Envelope {
    /// Members of the event's object, with commas between but no braces around.
    members: String,
}

impl Envelope {
    /// The members of Filebeat's own, and the user's.
    pub(super) fn new(fields: &[(String, String)]) -> Result<Self, SendError> {
        let host = host_name();
        let mut members = json!({
            "input": { "type": "filestream" },
            "host": { "name": host },
            "agent": {
                "id": random_id(), "ephemeral_id": random_id(),
                "name": host, "type": "filebeat", "version": VERSION,
            },
            "ecs": { "version": ECS_VERSION },
        });
        for (name, value) in fields {
            let wrong = |reason| SendError::Field {
                name: name.clone(),
                reason,
            };
            let steps = steps(name).ok_or_else(|| wrong("not a field name"))?;
            if OWN.contains(&steps[0]) {
                return Err(wrong("each line has its own"));
            }
            *place(&mut members, &steps).ok_or_else(|| wrong("it lies within a text"))? =
                json!(value);
        }
        let object = members.to_string();
        Ok(Self {
            members: object[1..object.len() - 1].to_owned(),
        })
    }

    /// Appends the event of one line.
    pub(super) fn write_event(
        &self,
        json: &mut Vec<u8>,
        file: &FileFacts,
        offset: u64,
        line: &str,
    ) {
        let now = Timestamp::now();
        let mut log = json!({ "offset": offset, "file": { "path": file.path } });
        if let Some((device, inode)) = file.identity {
            // Texts since Filebeat 8.11.
            log["file"]["device_id"] = json!(device.to_string());
            log["file"]["inode"] = json!(inode.to_string());
        }
        let (message, members) = (Value::from(line), &self.members);
        write!(
            json,
            r#"{{"@timestamp":"{now:.3}","@metadata":{{"beat":"filebeat","type":"_doc","version":"{VERSION}"}},"message":{message},"log":{log},{members}}}"#
        )
        .expect("a vector takes every byte");
    }
}

/// `name`, or the names of `[outer][inner]`.
fn steps(name: &str) -> Option<Vec<&str>> {
    let steps: Vec<&str> = match name.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.split("][").collect(),
        None => vec![name],
    };
    steps
        .iter()
        .all(|step| !step.is_empty() && !step.contains(['[', ']']))
        .then_some(steps)
}

/// The place of a nested field; objects on the way are made.
fn place<'a>(mut value: &'a mut Value, steps: &[&str]) -> Option<&'a mut Value> {
    for step in steps {
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        value = value.as_object_mut()?.entry(*step).or_insert(Value::Null);
    }
    Some(value)
}

/// In the form of a version 4 UUID.
fn random_id() -> String {
    let bits = (fastrand::u128(..) & !(0xf << 76) & !(0b11 << 62)) | (4 << 76) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(fields: &[(&str, &str)], line: &str) -> Result<Value, String> {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let envelope = Envelope::new(&fields).map_err(|error| error.to_string())?;
        let mut json = Vec::new();
        let file = FileFacts {
            path: "/var/log/a.log".to_owned(),
            identity: Some((1, 2)),
        };
        envelope.write_event(&mut json, &file, 17, line);
        Ok(serde_json::from_slice(&json).unwrap())
    }

    #[test]
    fn an_event_has_filebeats_members() {
        let event = event(
            &[("group", "pt"), ("[service][name]", "django")],
            "a \"line\"\twith all\\",
        )
        .unwrap();
        for (pointer, want) in [
            ("/message", json!("a \"line\"\twith all\\")),
            (
                "/log",
                json!({"offset": 17, "file": {"path": "/var/log/a.log", "device_id": "1", "inode": "2"}}),
            ),
            (
                "/@metadata",
                json!({"beat": "filebeat", "type": "_doc", "version": "8.11.0"}),
            ),
            ("/input/type", json!("filestream")),
            ("/agent/type", json!("filebeat")),
            ("/ecs/version", json!("8.0.0")),
            ("/group", json!("pt")),
            ("/service/name", json!("django")),
        ] {
            assert_eq!(event.pointer(pointer), Some(&want), "{pointer}");
        }
        let time = event["@timestamp"].as_str().unwrap();
        assert_eq!((time.len(), &time[23..]), (24, "Z"), "{time}");
        assert_eq!(event["host"]["name"], event["agent"]["name"]);
    }

    #[test]
    fn a_field_may_join_or_replace_filebeats_but_not_the_lines_own() {
        assert_eq!(
            event(&[("[host][zone]", "a")], "").unwrap()["host"]["zone"],
            "a"
        );
        assert_eq!(event(&[("a.b", "c")], "").unwrap()["a.b"], "c");
        for (name, want) in [
            ("message", "each line has its own"),
            ("[log][level]", "each line has its own"),
            ("[host][name][x]", "it lies within a text"),
            ("[a][", "not a field name"),
            ("a]", "not a field name"),
            ("[][a]", "not a field name"),
        ] {
            let error = event(&[(name, "x")], "").unwrap_err();
            assert!(
                error.starts_with(&format!("--field {name}: {want}\n")),
                "{error}"
            );
        }
    }

    #[test]
    fn an_id_looks_like_a_uuid() {
        let id = random_id();
        let shape: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(shape, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(&id[14..15], "4", "{id}");
        assert!("89ab".contains(&id[19..20]), "{id}");
    }
}
