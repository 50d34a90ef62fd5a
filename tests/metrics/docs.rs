//! The page about metrics describes every field of every result.

use ziln::metrics::{DecileStats, Evaluation};
use ziln::record::{Field, Record};

const PAGE: &str = include_str!("../../docs/metrics.md");

/// The fields that the table after a heading describes.
fn documented(heading: &str) -> Vec<&'static str> {
    let (_, section) = PAGE.split_once(&format!("\n## `{heading}`\n")).expect(heading);
    let section = section.split("\n## ").next().unwrap_or_default();
    section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

fn names(fields: &[Field]) -> Vec<&str> {
    fields.iter().map(|field| field.name).collect()
}

#[test]
fn the_page_has_the_fields_in_order() {
    assert_eq!(documented("ziln_evaluate"), names(Evaluation::FIELDS));
    assert_eq!(documented("ziln_decile_stats"), names(DecileStats::FIELDS));
}
