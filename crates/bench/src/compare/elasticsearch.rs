//! A real Elasticsearch in place of the stand-in: somebody else runs it, we only count what is in it.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use thiserror::Error;
use ureq::Agent;
use ureq::http::{Request, Uri};

/// How long an answer may take: a refresh after millions of documents takes its time.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(2);

/// Where it is, who asks, and what the contenders write to.
#[derive(Clone, Debug)]
pub(super) struct Elasticsearch {
    /// `http://HOST:PORT`
    pub(super) url: String,
    /// `HOST:PORT`
    pub(super) address: String,
    pub(super) user: Option<String>,
    pub(super) password: String,
    /// Names of data streams, or patterns of them, with commas between.
    pub(super) index: String,
}

/// Why its documents could not be counted.
#[derive(Debug, Error)]
pub(super) enum CountError {
    #[error("the documents at {url} cannot be counted: {reason}")]
    Lost { url: String, reason: ureq::Error },
    #[error("the documents at {url} cannot be counted: it answers {status}: {text}")]
    Refused {
        url: String,
        status: u16,
        text: String,
    },
}

#[derive(Deserialize)]
struct Count {
    count: u64,
}

/// Checks a URL and returns its host and port.
pub(super) fn address(url: &str) -> Result<String, String> {
    let wrong = || format!("`{url}` is no http://HOST:PORT");
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let authority = uri.authority().ok_or_else(wrong)?;
    let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
    if uri.scheme_str() != Some("http") || authority.port().is_none() || !is_bare {
        return Err(wrong());
    }
    if authority.as_str().contains('@') {
        return Err("user and password do not belong into the URL".to_owned());
    }
    Ok(authority.as_str().to_owned())
}

impl Elasticsearch {
    /// How many documents there are.
    pub(super) fn documents(&self) -> Result<u64, CountError> {
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_TIMEOUT))
            .build()
            .into();
        self.ask(&agent, "POST", "_refresh")?;
        let text = self.ask(&agent, "GET", "_count")?;
        let count: Count = serde_json::from_str(&text).map_err(|_| self.refused(200, text))?;
        Ok(count.count)
    }

    fn ask(&self, agent: &Agent, method: &str, what: &str) -> Result<String, CountError> {
        let lost = |reason: ureq::Error| CountError::Lost {
            url: self.url.clone(),
            reason,
        };
        let url = format!("{}/{}/{what}", self.url.trim_end_matches('/'), self.index);
        let mut request = Request::builder().method(method).uri(url);
        if let Some(user) = &self.user {
            let login = BASE64_STANDARD.encode(format!("{user}:{}", self.password));
            request = request.header("authorization", format!("Basic {login}"));
        }
        let request = request.body(()).map_err(|reason| lost(reason.into()))?;
        let mut answer = agent.run(request).map_err(lost)?;
        let status = answer.status().as_u16();
        let text = answer.body_mut().read_to_string().map_err(lost)?;
        if status == 200 {
            Ok(text)
        } else {
            Err(self.refused(status, text))
        }
    }

    fn refused(&self, status: u16, text: String) -> CountError {
        CountError::Refused {
            url: self.url.clone(),
            status,
            text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_address_is_taken() {
        assert_eq!(address("http://es:9200"), Ok("es:9200".to_owned()));
        assert_eq!(address("http://[::1]:9200/"), Ok("[::1]:9200".to_owned()));
        for url in [
            "es:9200",
            "https://es:9200",
            "http://es",
            "http://es:9200/x",
            "http://",
        ] {
            assert!(
                address(url).unwrap_err().contains("is no http://HOST:PORT"),
                "{url}"
            );
        }
        assert!(
            address("http://a:b@es:9200")
                .unwrap_err()
                .contains("do not belong")
        );
    }
}
