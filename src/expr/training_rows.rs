//! The rows of a training, piece by piece as they lie there.

use std::borrow::Cow;

use polars::prelude::{DataType, PolarsResult, Series};

use super::error::wrong_arity;
use super::features::{FeatureSeries, Features, TrainingValues};
use super::lists::NumberLists;
use super::number::Number;
use super::rows::{CompleteRows, InputChunk, in_chunks, read_weight};
use crate::Result;
use crate::call::features::{FeaturesForm, list_width, numbered_name};
use crate::call::fit::Solver;
use crate::call::weight::counts;
use crate::fit::{self, Chunk, FeatureValues, ListElements, RowId, Table};

/// What a model is trained on: label, weight and numbers piece by piece, categories and lists for all rows.
pub(super) struct TrainingRows {
    pieces: Vec<Piece>,
    names: Vec<String>,
    /// The names of those that are dates.
    dates: Vec<String>,
    /// The columns of the categories; nothing for numbers.
    categories: Vec<Option<FeatureSeries>>,
    lists: Option<TrainingLists>,
}

/// Lists of numbers, which are read where they lie.
struct TrainingLists {
    lists: NumberLists,
    /// Where the list of each row begins.
    starts: Vec<usize>,
}

/// Label, weight and numbers in some of the rows.
struct Piece {
    /// How many rows come before.
    start: usize,
    rows: usize,
    label: Number,
    weight: Option<Number>,
    numbers: Vec<FeatureSeries>,
}

/// The numbers of a piece, copied only where the core cannot read them in place.
pub(super) struct PieceNumbers<'a> {
    label: Cow<'a, [f64]>,
    weight: Option<Cow<'a, [f64]>>,
    features: Vec<TrainingValues<'a>>,
}

impl TrainingRows {
    /// Reads the arguments of all rows; `form` is that of the features.
    pub(super) fn try_new<S: Solver>(
        form: &FeaturesForm<'_, DataType>,
        label: &Series,
        weight: Option<&Series>,
        features: &Series,
        rows: usize,
    ) -> PolarsResult<Self> {
        match form {
            FeaturesForm::Lists => Self::of_lists::<S>(label, weight, features, rows),
            FeaturesForm::Columns(_) => Self::of_columns::<S>(label, weight, features, rows),
        }
    }

    fn of_columns<S: Solver>(
        label: &Series,
        weight: Option<&Series>,
        features: &Series,
        rows: usize,
    ) -> PolarsResult<Self> {
        let features = Features::try_new(S::NAME, features, || 0)?;
        let pieces = Self::pieces::<S>(label, weight, Some(&features), rows)?;
        let categories = features.categories(S::NAME, rows)?;
        let dates = features.dates();
        Ok(Self { pieces, names: features.names, dates, categories, lists: None })
    }

    fn of_lists<S: Solver>(
        label: &Series,
        weight: Option<&Series>,
        features: &Series,
        rows: usize,
    ) -> PolarsResult<Self> {
        let pieces = Self::pieces::<S>(label, weight, None, rows)?;
        let lists = NumberLists::try_new(features)?;
        let starts = lists.starts(rows);
        let lists = Some(TrainingLists { lists, starts });
        let (names, dates) = (Vec::new(), Vec::new());
        Ok(Self { pieces, names, dates, categories: Vec::new(), lists })
    }

    fn pieces<S: Solver>(
        label: &Series,
        weight: Option<&Series>,
        features: Option<&Features>,
        rows: usize,
    ) -> PolarsResult<Vec<Piece>> {
        let numbers = || features.iter().flat_map(|features| features.numbers());
        let mut columns = vec![label.clone()];
        columns.extend(weight.cloned());
        columns.extend(numbers().map(|(_, column)| column.clone()));
        let names: Vec<&str> = numbers().map(|(name, _)| name).collect();
        let parts = in_chunks(&columns, rows);
        parts.iter().map(|part| Piece::try_new::<S>(part, weight.is_some(), &names)).collect()
    }

    /// The numbers of every piece.
    pub(super) fn numbers(&self) -> Vec<PieceNumbers<'_>> {
        self.pieces.iter().map(Piece::read).collect()
    }

    /// The rows that count.
    pub(super) fn used(&self, numbers: &[PieceNumbers<'_>]) -> Vec<RowId> {
        let pieces = (0_u32..).zip(self.pieces.iter().zip(numbers));
        pieces.flat_map(|(chunk, (piece, numbers))| piece.used(numbers, chunk)).collect()
    }

    /// The index of a row among all.
    pub(super) fn index_of(&self, row: RowId) -> usize {
        self.pieces.get(row.chunk as usize).map_or(0, |piece| piece.start) + row.row as usize
    }

    /// The indices of the rows that tell what all have in common, such as the length of lists: of those that count, or of
    /// all if none does, as with a prior there is a model even so.
    pub(super) fn telling(&self, used: &[RowId]) -> Vec<usize> {
        match used {
            [] => {
                self.pieces.iter().flat_map(|piece| piece.start..piece.start + piece.rows).collect()
            }
            used => used.iter().map(|&row| self.index_of(row)).collect(),
        }
    }

    /// The names of the features that are dates.
    pub(super) fn dates(&self) -> Vec<&str> {
        self.dates.iter().map(String::as_str).collect()
    }

    /// Whether features are lists.
    pub(super) fn has_lists(&self) -> bool {
        self.lists.is_some()
    }

    /// The names of the features; of lists as many as those of the rows of these indices have numbers.
    ///
    /// # Errors
    /// Where they differ in length.
    pub(super) fn names(&self, rows: impl Iterator<Item = usize>) -> Result<Cow<'_, [String]>> {
        let Some(TrainingLists { lists, .. }) = &self.lists else {
            return Ok(Cow::Borrowed(&self.names));
        };
        let width = list_width(rows.map(|row| lists.length(row)))?;
        Ok((0..width).map(numbered_name).collect())
    }

    /// All rows.
    pub(super) fn all(&self) -> Vec<RowId> {
        let pieces = (0_u32..).zip(&self.pieces);
        let rows = pieces.flat_map(|(chunk, piece)| {
            let rows = 0..u32::try_from(piece.rows).unwrap_or(u32::MAX);
            rows.map(move |row| RowId { chunk, row })
        });
        rows.collect()
    }

    /// The rows as the core reads them.
    pub(super) fn table<'a>(
        &'a self,
        numbers: &'a [PieceNumbers<'a>],
        names: &'a [String],
    ) -> Table<'a> {
        let levels = |index: usize| self.categories.get(index)?.as_ref()?.levels();
        let features = names.iter().enumerate();
        let features =
            features.map(|(index, name)| fit::FeatureColumn { name, levels: levels(index) });
        let pieces = self.pieces.iter().zip(numbers);
        Table {
            features: features.collect(),
            chunks: pieces
                .map(|(piece, numbers)| self.chunk(piece, numbers, names.len()))
                .collect(),
        }
    }

    fn chunk<'a>(
        &'a self,
        piece: &Piece,
        numbers: &'a PieceNumbers<'a>,
        width: usize,
    ) -> Chunk<'a> {
        let rows = piece.start..piece.start + piece.rows;
        let mut columns = numbers.features.iter();
        let of_column = |category: &'a Option<FeatureSeries>| match category {
            Some(category) => {
                FeatureValues::Codes(category.codes().get(rows.clone()).unwrap_or_default())
            }
            None => columns.next().map_or(FeatureValues::Numbers(&[]), TrainingValues::values),
        };
        let features = match &self.lists {
            None => self.categories.iter().map(of_column).collect(),
            Some(TrainingLists { lists, starts }) => {
                let values = lists.numbers();
                let starts = starts.get(rows).unwrap_or_default();
                let of_index =
                    |index| FeatureValues::Elements(ListElements { values, starts, index });
                (0..width).map(of_index).collect()
            }
        };
        Chunk { label: &numbers.label, weight: numbers.weight.as_deref(), features }
    }
}

impl Piece {
    fn try_new<S: Solver>(
        part: &InputChunk,
        has_weight: bool,
        names: &[&str],
    ) -> PolarsResult<Self> {
        let (label, rest) =
            part.inputs.split_first().ok_or_else(|| wrong_arity(S::NAME, S::USAGE, 0))?;
        let (weight, numbers) = rest.split_at(usize::from(has_weight));
        let numbers = names.iter().zip(numbers);
        let numbers = numbers.map(|(name, column)| FeatureSeries::try_new(S::NAME, name, column));
        Ok(Self {
            start: part.start,
            rows: part.rows,
            label: Number::of_series(label)?,
            weight: read_weight(S::NAME, weight.first(), part.start, part.rows)?,
            numbers: numbers.collect::<PolarsResult<Vec<FeatureSeries>>>()?,
        })
    }

    fn read(&self) -> PieceNumbers<'_> {
        let all = CompleteRows::complete(self.rows, []);
        PieceNumbers {
            label: all.doubles(&self.label),
            weight: self.weight.as_ref().map(|weight| all.doubles(weight)),
            features: self.numbers.iter().map(|number| number.training_values(&all)).collect(),
        }
    }

    /// The rows of the piece, chunk `chunk` of the table, that count.
    fn used(&self, numbers: &PieceNumbers<'_>, chunk: u32) -> Vec<RowId> {
        let complete =
            CompleteRows::complete(self.rows, std::iter::once(&self.label).chain(&self.weight));
        let is_weighty = |row: usize| {
            numbers
                .weight
                .as_ref()
                .is_none_or(|weights| weights.get(row).is_some_and(|&w| counts(w)))
        };
        let rows = (0..self.rows).filter(|&row| complete.contains(row) && is_weighty(row));
        rows.map(|row| RowId { chunk, row: u32::try_from(row).unwrap_or(u32::MAX) }).collect()
    }
}
