//! What a sample was drawn of.

/// Rows that were seen before a sample was drawn of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Those that could be used.
    pub rows: u64,
    /// Those whose label is NaN or infinite. They are in no sample.
    pub skipped: u64,
}
