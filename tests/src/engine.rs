use std::fmt;
use std::path::PathBuf;

use crate::parts::{installed, repository};

/// Who stores documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Elasticsearch 8, with security on.
    Elasticsearch,
    /// `OpenSearch` 2, without: its security is a plugin of its own.
    OpenSearch,
}

impl Engine {
    /// What starts one in the foreground.
    pub(crate) fn program(self) -> PathBuf {
        let folder = match self {
            Self::Elasticsearch => "elasticsearch",
            Self::OpenSearch => "opensearch",
        };
        repository().join("tests").join(folder).join("start")
    }

    /// Where its jars are.
    pub(crate) fn parts(self) -> PathBuf {
        installed(match self {
            Self::Elasticsearch => "SAWMILL_TEST_ELASTICSEARCH",
            Self::OpenSearch => "SAWMILL_TEST_OPENSEARCH",
        })
    }

    /// Whether it asks who somebody is.
    pub fn has_users(self) -> bool {
        match self {
            Self::Elasticsearch => true,
            Self::OpenSearch => false,
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Elasticsearch => "Elasticsearch",
            Self::OpenSearch => "OpenSearch",
        })
    }
}
