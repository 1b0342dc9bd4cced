//! What pages say of tests is true.

use std::fs;

use sawmill_tests::repository;

#[test]
fn every_test_that_the_page_of_scenarios_names_is_there() {
    let page = fs::read_to_string(repository().join("docs/scenarios.md")).unwrap();
    // Every other part stands between backticks.
    let named = { page.split('`').skip(1).step_by(2) }.filter_map(|code| code.split_once("::"));
    let mut count = 0;
    for (file, name) in named {
        let source = fs::read_to_string(repository().join(file));
        let source = source.unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(
            source.contains(&format!("fn {name}(")),
            "{file} has no test {name}"
        );
        count += 1;
    }
    assert!(count > 100, "{count} tests are named");
}
