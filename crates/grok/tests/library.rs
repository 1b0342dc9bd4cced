//! Every definition that comes with Logstash compiles, and most of them without backtracking.

#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation is the point of a test"
)]

use sawmill_grok::{Engine, Flavor, Grok, Library, Options};

/// The names whose engine is not linear, sorted.
fn backtracking(flavor: Flavor) -> Vec<String> {
    let library = Library::new(flavor);
    let mut names: Vec<&str> = library.names().collect();
    names.sort_unstable();
    let mut slow = vec![];
    for name in names {
        let pattern = format!("%{{{name}:x}}");
        let grok = Grok::compile(&library, &[pattern], &Options::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Some(Engine::Backtracking { reason, .. }) = grok.engines().next() {
            slow.push(format!("{name}: {reason}"));
        }
    }
    slow
}

#[test]
fn every_legacy_definition_compiles() {
    let slow = backtracking(Flavor::Legacy);
    assert_eq!(slow.len(), 17, "of 317: {slow:#?}");
}

#[test]
fn every_ecs_definition_compiles() {
    let slow = backtracking(Flavor::EcsV1);
    assert_eq!(slow.len(), 30, "of 361: {slow:#?}");
}
