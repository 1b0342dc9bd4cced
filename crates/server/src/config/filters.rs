//! `[[filter]]`: from values to the filters' own types.

use figment::Error;
use figment::value::Value;
use sawmill_pipeline::config::FilterConfig;

/// Reads one filter.
///
/// `FilterConfig` could do it alone, but serde forgets on its way through a tagged enum which key an error is about;
/// read as the type that it is, a filter keeps its keys.
#[expect(
    clippy::result_large_err,
    reason = "figment's own type, and at most once a start"
)]
pub(super) fn read(value: &Value) -> Result<FilterConfig, Error> {
    let (kind, keys) = take_type(value);
    Ok(match kind.as_deref() {
        Some("categorize") => FilterConfig::Categorize(keys.deserialize()?),
        Some("date") => FilterConfig::Date(keys.deserialize()?),
        Some("first") => FilterConfig::First(keys.deserialize()?),
        Some("gate") => FilterConfig::Gate(keys.deserialize()?),
        Some("grok") => FilterConfig::Grok(keys.deserialize()?),
        Some("set") => FilterConfig::Set(keys.deserialize()?),
        Some(_) | None => value.deserialize()?,
    })
}

fn take_type(value: &Value) -> (Option<String>, Value) {
    let mut keys = value.as_dict().cloned().unwrap_or_default();
    let kind = keys.remove("type");
    (kind.and_then(Value::into_string), Value::from(keys))
}
