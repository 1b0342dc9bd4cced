//! What must become of a line, written from the seed's description and not from `pipeline.toml`.

use std::collections::BTreeMap;

use serde_json::Value;

/// Fields and what they hold; those that are not there are left out.
pub(crate) type Fields = BTreeMap<&'static str, String>;

/// Every field of a document that does not depend on the machine.
const FIELDS: [&str; 15] = [
    "/message",
    "/@timestamp",
    "/log_level",
    "/logger_name",
    "/log_timestamp",
    "/log_ms",
    "/log_message",
    "/stream",
    "/app_module",
    "/group",
    "/service",
    "/data_stream/type",
    "/data_stream/dataset",
    "/data_stream/namespace",
    "/event/module",
];

const LIBRARIES: [(&str, &str); 8] = [
    ("django.", "django"),
    ("werkzeug", "server"),
    ("boto", "aws"),
    ("s3transfer", "aws"),
    ("urllib3", "network"),
    ("watchdog", "system"),
    ("PIL", "system"),
    ("nose", "system"),
];

const MODULES: [(&str, &str); 18] = [
    ("apps.custom_auth", "auth"),
    ("apps.onboarding", "auth"),
    ("apps.parcels", "parcels"),
    ("apps.tenant_manager", "tenant"),
    ("apps.notification", "notification"),
    ("apps.manage_reports", "reports"),
    ("apps.integrations", "integrations"),
    ("apps.dashboard", "dashboard"),
    ("apps.data_governance", "data_governance"),
    ("apps.branded", "branded"),
    ("apps.container", "container"),
    ("apps.harmonization", "harmonization"),
    ("apps.logs", "logs"),
    ("apps.cron_tasks", "tasks"),
    ("celery", "tasks"),
    ("apps.common", "common"),
    ("config.", "config"),
    ("", "unknown"),
];

/// What a document must say of a line.
pub(crate) fn expected(line: &str) -> Fields {
    let mut fields = Fields::from(
        [
            ("/message", line),
            ("/group", "pt"),
            ("/service", "django"),
            ("/data_stream/type", "logs"),
            ("/data_stream/dataset", "django"),
            ("/data_stream/namespace", "pt"),
            ("/event/module", "pt"),
        ]
        .map(|(field, value)| (field, value.to_owned())),
    );
    let mut set = |field, value: &str| fields.insert(field, value.to_owned());
    let parts: Vec<&str> = line.splitn(4, '|').collect();
    let logger = match parts[..] {
        [level, logger, time, message] => {
            let (timestamp, ms) = time.split_once('.').unwrap();
            set("/log_level", level);
            set("/logger_name", logger);
            set("/@timestamp", &format!("{time}Z"));
            set("/log_timestamp", timestamp);
            set("/log_ms", ms);
            set("/log_message", message);
            logger
        }
        // The rest of a traceback.
        _ => "",
    };
    let of = |table: &[(&str, &'static str)]| {
        { table.iter() }
            .find(|(prefix, _)| logger.starts_with(prefix))
            .map(|(_, name)| *name)
    };
    match of(&LIBRARIES) {
        Some(stream) => set("/stream", stream),
        None => {
            set("/app_module", of(&MODULES).unwrap());
            set("/stream", "app")
        }
    };
    fields
}

/// What a document does say. A line that is no record has the time when it was read, which nobody knows here.
pub(crate) fn found(document: &Value) -> Fields {
    let mut fields: Fields = { FIELDS.into_iter() }
        .filter_map(|field| Some((field, document.pointer(field)?)))
        .map(|(field, value)| {
            (
                field,
                value.as_str().map_or(value.to_string(), str::to_owned),
            )
        })
        .collect();
    if !fields.contains_key("/log_level") {
        fields.remove("/@timestamp");
    }
    fields
}
