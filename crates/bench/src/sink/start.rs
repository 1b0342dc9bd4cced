//! What shippers ask before they write, answered as a healthy Elasticsearch 8.19 of one node would.

use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

/// The version that it says it is.
const VERSION: &str = "8.19.0";

/// Answers a question by method, path (without slashes around it) and body.
pub(crate) fn answer(method: &Method, path: &str, body: &[u8]) -> (StatusCode, Bytes) {
    if *method == Method::HEAD {
        return (StatusCode::OK, Bytes::new());
    }
    if path == "_security/user/_has_privileges" {
        return (StatusCode::OK, privileges(body).to_string().into());
    }
    // Templates, policies, pipelines, data streams: anything is welcome.
    if matches!(*method, Method::PUT | Method::POST | Method::DELETE) {
        return (
            StatusCode::OK,
            json!({"acknowledged": true}).to_string().into(),
        );
    }
    if *method != Method::GET {
        let error =
            json!({"error": format!("Incorrect HTTP method for uri [/{path}]"), "status": 405});
        return (StatusCode::METHOD_NOT_ALLOWED, error.to_string().into());
    }
    let (status, answer) = match path {
        "" => (StatusCode::OK, root()),
        "_license" => (StatusCode::OK, license()),
        "_xpack" => (StatusCode::OK, xpack()),
        "_cluster/health" => (StatusCode::OK, health()),
        "_security/_authenticate" => (
            StatusCode::OK,
            json!({"username": "sink", "roles": ["superuser"], "enabled": true}),
        ),
        path if path.starts_with("_index_template") => (StatusCode::OK, templates()),
        path if path.starts_with("_component_template") => {
            (StatusCode::OK, json!({"component_templates": []}))
        }
        path if path.starts_with("_template") => (StatusCode::OK, json!({})),
        path => (StatusCode::NOT_FOUND, missing(path)),
    };
    (status, answer.to_string().into())
}

fn root() -> Value {
    json!({
        "name": "sink",
        "cluster_name": "sawmill-bench-sink",
        "cluster_uuid": "c2F3bWlsbC1iZW5jaC1zaW",
        "version": {
            "number": VERSION,
            "build_flavor": "default",
            "build_type": "tar",
            "build_hash": "0000000000000000000000000000000000000000",
            "build_date": "2025-01-01T00:00:00.000Z",
            "build_snapshot": false,
            "lucene_version": "9.12.2",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
        },
        "tagline": "You Know, for Search",
    })
}

fn license() -> Value {
    json!({"license": {
        "status": "active",
        "uid": "00000000-0000-0000-0000-000000000000",
        "type": "basic",
        "issue_date": "2025-01-01T00:00:00.000Z",
        "issue_date_in_millis": 1_735_689_600_000_u64,
        "max_nodes": 1000,
        "max_resource_units": null,
        "issued_to": "sawmill-bench-sink",
        "issuer": "elasticsearch",
        "start_date_in_millis": -1,
    }})
}

fn xpack() -> Value {
    json!({
        "build": {"hash": "0000000000000000000000000000000000000000", "date": "2025-01-01T00:00:00.000Z"},
        "license": {
            "uid": "00000000-0000-0000-0000-000000000000",
            "type": "basic",
            "mode": "basic",
            "status": "active",
        },
        "features": {"security": {"available": true, "enabled": false}},
        "tagline": "You know, for X",
    })
}

fn health() -> Value {
    json!({
        "cluster_name": "sawmill-bench-sink",
        "status": "green",
        "timed_out": false,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "active_primary_shards": 1,
        "active_shards": 1,
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": 0,
        "number_of_pending_tasks": 0,
        "active_shards_percent_as_number": 100.0,
    })
}

/// One template that makes a data stream of whatever is written to.
fn templates() -> Value {
    json!({"index_templates": [{
        "name": "sawmill-bench-sink",
        "index_template": {
            "index_patterns": ["*"],
            "priority": 1,
            "composed_of": [],
            "data_stream": {"hidden": false, "allow_custom_routing": false},
        },
    }]})
}

/// Whoever asks may do whatever is asked.
fn privileges(question: &[u8]) -> Value {
    let question: Value = serde_json::from_slice(question).unwrap_or_default();
    let granted = |names: &Value| -> Map<String, Value> {
        let names = names
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        names
            .map(|name| (name.to_owned(), Value::Bool(true)))
            .collect()
    };
    let mut index = Map::new();
    for asked in question["index"].as_array().into_iter().flatten() {
        for name in asked["names"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            index.insert(name.to_owned(), granted(&asked["privileges"]).into());
        }
    }
    json!({
        "username": "sink",
        "has_all_requested": true,
        "cluster": granted(&question["cluster"]),
        "index": index,
        "application": {},
    })
}

fn missing(path: &str) -> Value {
    let reason = format!("this sink has no [/{path}]");
    json!({
        "error": {
            "root_cause": [{"type": "resource_not_found_exception", "reason": reason}],
            "type": "resource_not_found_exception",
            "reason": reason,
        },
        "status": 404,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &Method, path: &str, body: &str) -> (u16, Value) {
        let (status, answer) = answer(method, path, body.as_bytes());
        (
            status.as_u16(),
            serde_json::from_slice(&answer).unwrap_or_default(),
        )
    }

    #[test]
    fn what_shippers_ask_at_start_is_answered() {
        for (method, path, pointer, want) in [
            (Method::GET, "", "/version/number", json!("8.19.0")),
            (Method::GET, "_license", "/license/status", json!("active")),
            (Method::GET, "_xpack", "/license/mode", json!("basic")),
            (Method::GET, "_cluster/health", "/status", json!("green")),
            (
                Method::GET,
                "_index_template",
                "/index_templates/0/index_template/index_patterns/0",
                json!("*"),
            ),
            (
                Method::PUT,
                "_index_template/logs",
                "/acknowledged",
                json!(true),
            ),
            (
                Method::PUT,
                "_ilm/policy/logs",
                "/acknowledged",
                json!(true),
            ),
        ] {
            let (status, answer) = ask(&method, path, "{}");
            assert_eq!(
                (status, answer.pointer(pointer)),
                (200, Some(&want)),
                "{path}"
            );
        }
        assert_eq!(
            answer(&Method::HEAD, "", b""),
            (StatusCode::OK, Bytes::new())
        );
        assert_eq!(ask(&Method::GET, "_nodes/http", "").0, 404);
        assert_eq!(ask(&Method::PATCH, "_bulk", "").0, 405);
    }

    #[test]
    fn every_privilege_asked_for_is_granted() {
        let question = r#"{"cluster":["monitor"],"index":[{"names":["logs-*-pt"],"privileges":["create_doc","auto_configure"]}]}"#;
        let (_, granted) = ask(&Method::POST, "_security/user/_has_privileges", question);
        assert_eq!(
            granted["index"]["logs-*-pt"],
            json!({"create_doc": true, "auto_configure": true})
        );
        assert_eq!(granted["cluster"]["monitor"], true);
        assert_eq!(
            ask(&Method::POST, "_security/user/_has_privileges", "nonsense").0,
            200
        );
    }
}
