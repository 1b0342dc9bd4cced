use super::*;
use crate::results::tests::run;

fn page(runs: &[Run]) -> String {
    let mut out = Vec::new();
    write(runs, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn named(name: &str) -> Run {
    let mut run = run();
    run.name = name.to_owned();
    run
}

#[test]
fn one_run_has_its_plots_and_every_figure() {
    let page = page(&[run()]);
    for want in [
        "<h1>sawmill bench: load</h1>",
        "Throughput over time",
        "Latency by percentile",
        "CPU of the server over time",
        "Resident memory of the server over time",
        "Latency of windows over time",
        "<dd>49,971</dd>",
        "violation, 2 times",
        "error: localhost:5044 closed connection 3",
        "the server closed 2 of 10 idle connections",
    ] {
        assert!(page.contains(want), "{want}");
    }
    assert_eq!(page.matches("<svg").count(), 5);
    assert!(!page.contains("Side by side"));
}

#[test]
fn several_runs_stand_side_by_side() {
    let page = page(&[named("ours"), named("theirs")]);
    assert!(page.contains("Side by side") && page.contains("Latency of windows over time: theirs"));
    assert_eq!(page.matches("<svg").count(), 5 + 4 + 2);
    assert!(page.contains("<th scope=\"col\">ours</th><th scope=\"col\">theirs</th>"));
}

#[test]
fn the_page_needs_nothing_but_itself() {
    let page = page(&[named("ours"), named("theirs")]);
    let without_names = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for outside in [
        "http:", "https:", "<script", "<link", "@import", "url(", "src=",
    ] {
        assert!(!without_names.contains(outside), "{outside}");
    }
}

#[test]
fn what_others_wrote_is_text() {
    let evil = "<script>alert(\"x\")</script>&'\u{1b}";
    let mut run = named(evil);
    run.asked.target = evil.to_owned();
    run.errors = vec![evil.to_owned()];
    run.notes = vec![evil.to_owned()];
    let page = page(&[run.clone(), run]);
    assert!(
        !page.contains("<script") && !page.contains('\u{1b}'),
        "{page}"
    );
    assert!(page.contains("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;\u{fffd}"));
}

#[test]
fn every_plot_has_a_title_and_a_description_of_its_own() {
    let page = page(&[named("ours"), named("theirs")]);
    for plot in 1..=11 {
        for part in ["title", "text"] {
            assert_eq!(
                page.matches(&format!("id=\"plot{plot}-{part}\"")).count(),
                1,
                "{plot}"
            );
        }
    }
    assert_eq!(page.matches("role=\"img\"").count(), 11);
}

#[test]
fn a_run_without_a_process_to_watch_has_no_plots_of_one() {
    let mut run = run();
    run.watched = None;
    for slice in &mut run.slices {
        slice.watched = None;
    }
    let page = page(&[run]);
    assert_eq!(page.matches("<svg").count(), 3);
    assert!(!page.contains("CPU of the server"));
}

#[test]
fn no_runs_and_runs_without_slices_make_a_page_all_the_same() {
    assert!(page(&[]).contains("no runs in this report"));
    let mut empty = run();
    empty.slices.clear();
    empty.latency = crate::results::Latency::default();
    assert!(page(&[empty]).contains("</html>"));
}

#[test]
fn a_full_disk_is_an_error() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = write(&[run()], &mut Full).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
