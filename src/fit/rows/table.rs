//! The rows to train on, as an adapter hands them over: borrowed columns in chunks, never copied.

/// The rows of any number of models, in chunks as they arrived.
#[derive(Debug)]
pub struct Table<'a> {
    /// The features, in the order of every chunk's columns.
    pub features: Vec<FeatureColumn<'a>>,
    /// The rows.
    pub chunks: Vec<Chunk<'a>>,
}

/// What a feature is called and, for a categorical one, what its codes mean.
#[derive(Debug)]
pub struct FeatureColumn<'a> {
    /// The feature's name.
    pub name: &'a str,
    /// `None` for a number; for a category the levels that the codes of all chunks point into (`None` is NULL).
    /// Levels are distinct, in any order.
    pub levels: Option<Vec<Option<&'a str>>>,
}

/// Consecutive rows.
#[derive(Debug)]
pub struct Chunk<'a> {
    /// The labels. NaN and infinite ones are skipped and counted; an adapter leaves out rows whose label is NULL.
    pub label: &'a [f64],
    /// The weights, or `None` where every row counts once. Never negative or NaN; an adapter leaves out rows whose
    /// weight is NULL or 0.
    pub weight: Option<&'a [f64]>,
    /// One column a feature, each as long as `label`.
    pub features: Vec<FeatureValues<'a>>,
}

/// The values of one feature in one chunk.
#[derive(Debug, Clone, Copy)]
pub enum FeatureValues<'a> {
    /// Numbers; NaN and infinite ones are missing.
    Numbers(&'a [f64]),
    /// Numbers in single precision, which train as the same numbers in double precision do.
    Singles(&'a [f32]),
    /// Codes into [`FeatureColumn::levels`].
    Codes(&'a [u32]),
    /// Numbers at one index of lists.
    Elements(ListElements<'a>),
}

/// The numbers at one index of lists that lie one behind the other.
#[derive(Debug, Clone, Copy)]
pub struct ListElements<'a> {
    /// The numbers of all lists; NaN and infinite ones are missing.
    pub values: &'a [f64],
    /// Where the list of each row begins, or [`NO_LIST`]: then its numbers are missing.
    pub starts: &'a [usize],
    /// The index within a list.
    pub index: usize,
}

/// Where the list of a row begins that has none.
pub const NO_LIST: usize = usize::MAX;

impl ListElements<'_> {
    fn number(&self, row: usize) -> Option<f64> {
        self.values.get(self.starts.get(row)?.checked_add(self.index)?).copied()
    }
}

impl FeatureValues<'_> {
    /// The number in a row; `None` for a row that there is not, and for codes.
    #[inline]
    pub(in crate::fit) fn number(&self, row: usize) -> Option<f64> {
        match self {
            Self::Numbers(values) => values.get(row).copied(),
            Self::Singles(values) => values.get(row).map(|&value| f64::from(value)),
            Self::Elements(lists) => lists.number(row),
            Self::Codes(_) => None,
        }
    }
}

/// One row of a [`Table`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowId {
    /// The chunk's index in [`Table::chunks`].
    pub chunk: u32,
    /// The row within the chunk.
    pub row: u32,
}
