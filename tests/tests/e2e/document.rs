//! What a record must become. Written from the seed's description, not from `pipeline.toml`, which it checks.

use sawmill_tests::Record;
use serde_json::{Value, json};

/// Beginning of a logger's name, and the stream and module it is filed under.
const LOGGERS: &[(&str, &str, Option<&str>)] = &[
    ("django.", "django", None),
    ("werkzeug", "server", None),
    ("boto", "aws", None),
    ("s3transfer", "aws", None),
    ("urllib3", "network", None),
    ("watchdog", "system", None),
    ("PIL", "system", None),
    ("nose", "system", None),
    ("apps.custom_auth", "app", Some("auth")),
    ("apps.onboarding", "app", Some("auth")),
    ("apps.parcels", "app", Some("parcels")),
    ("apps.tenant_manager", "app", Some("tenant")),
    ("apps.notification", "app", Some("notification")),
    ("apps.manage_reports", "app", Some("reports")),
    ("apps.integrations", "app", Some("integrations")),
    ("apps.dashboard", "app", Some("dashboard")),
    ("apps.data_governance", "app", Some("data_governance")),
    ("apps.branded", "app", Some("branded")),
    ("apps.container", "app", Some("container")),
    ("apps.harmonization", "app", Some("harmonization")),
    ("apps.logs", "app", Some("logs")),
    ("apps.cron_tasks", "app", Some("tasks")),
    ("celery", "app", Some("tasks")),
    ("mailer.tasks", "app", Some("tasks")),
    ("apps.common", "app", Some("common")),
    ("config.", "app", Some("config")),
];

/// The whole document. What Filebeat knows and we cannot foretell is taken from `stored`, where it must be.
pub(crate) fn expected_document(record: &Record, stored: &Value) -> Value {
    let (stream, app_module) = LOGGERS
        .iter()
        .find(|(prefix, ..)| record.logger.starts_with(prefix))
        .map_or(("app", Some("unknown")), |(_, stream, module)| {
            (*stream, *module)
        });
    let path = stored["log"]["file"]["path"].as_str().unwrap();
    assert!(
        path.starts_with(&record.file),
        "{path} instead of {}",
        record.file
    );
    assert_eq!(stored["agent"]["type"], "filebeat");
    assert_eq!(stored["input"]["type"], "filestream");
    let mut document = json!({
        "@timestamp": record.time,
        "agent": stored["agent"],
        "data_stream": { "type": "logs", "dataset": "django", "namespace": "pt" },
        "ecs": stored["ecs"],
        "event": { "module": "pt" },
        "group": "pt",
        "host": stored["host"],
        "input": stored["input"],
        "log": stored["log"],
        "log_level": record.level,
        "log_message": first_line(&record.message),
        "log_ms": record.time[20..23],
        "log_timestamp": record.time[..19],
        "logger_name": record.logger,
        "message": first_line(&record.text),
        "service": "django",
        "stream": stream,
    });
    if let Some(app_module) = app_module {
        document["app_module"] = app_module.into();
    }
    // Only where there is a cloud that says what it is.
    if let Some(cloud) = stored.get("cloud") {
        document["cloud"] = cloud.clone();
    }
    document
}

fn first_line(text: &str) -> &str {
    text.split('\n').next().unwrap_or_default()
}
