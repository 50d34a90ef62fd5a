//! The samples of the rows of groups, of calls with option `max_rows`.

use std::collections::BTreeSet;

use arrow::array::{Array, ArrayRef};
use datafusion_common::Result;
use rayon::prelude::*;

use super::aggregate::FitAggregate;
use super::coded::Coded;
use super::codes::codes_of_rows;
use super::tables::{GroupLists, Tables};
use super::uncounted::{UNCOUNTED, counted};
use crate::call::features::numbered_name;
use crate::call::fit::{FitOptions, Solver};
use crate::fit::{RowId, Sample, Seen};
use crate::udf::features::FeatureShape;
use crate::udf::rows::{GroupSamples, GroupedRows, RowAggregate, SampleAggregate};

impl<S: Solver> SampleAggregate for FitAggregate<S> {
    fn max_rows(&self) -> usize {
        let most = self.options.shared().max_rows();
        most.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX))
    }

    fn parted_by(&self) -> Option<usize> {
        self.arguments.campaign.map(|_| self.arguments.last_column())
    }

    fn uncounted(&self) -> Option<f64> {
        self.arguments.init.map(|_| UNCOUNTED)
    }

    fn hashes(&self, columns: &[ArrayRef]) -> Result<Vec<u64>> {
        let seed = self.options.shared().seed();
        let count = columns.first().map_or(0, Array::len);
        let all: Vec<RowId> = (0..count as u32).map(|row| RowId { chunk: 0, row }).collect();
        let coded = Coded::of(&self.schema(), self.arguments.feature_columns(), columns)?;
        let columns = std::slice::from_ref(&coded.columns);
        if self.arguments.features != FeatureShape::Lists {
            let table = self.arguments.table(columns, |column| coded.levels(column), &[], &[])?;
            return Ok(Sample::hashes(&table, &all, seed));
        }
        let lists = self.arguments.lists(columns)?;
        let length = |row: &RowId| lists[0].length(row.row as usize).unwrap_or_default();
        let widths: BTreeSet<usize> = all.iter().map(length).collect();
        let mut hashes = vec![0; count];
        for width in widths {
            let names: Vec<String> = (0..width).map(numbered_name).collect();
            let table =
                self.arguments.table(columns, |column| coded.levels(column), &lists, &names)?;
            let rows: Vec<RowId> = all.iter().filter(|row| length(row) == width).copied().collect();
            for (row, hash) in rows.iter().zip(Sample::hashes(&table, &rows, seed)) {
                hashes[row.row as usize] = hash;
            }
        }
        Ok(hashes)
    }

    fn samples(&self, rows: &GroupedRows) -> Result<Vec<GroupSamples>> {
        let lists = GroupLists::of::<S>(&self.arguments, rows)?;
        let tables = Tables::of(&self.arguments, rows, &lists)?;
        let campaigns = self.campaigns(rows)?;
        let labels = rows.numbers(0)?;
        let seed = self.options.shared().seed();
        let samples = (0..rows.groups()).into_par_iter().map(|group| {
            let all = rows.rows(group);
            let counted = counted(&labels, &all);
            let table = tables.of_group(group);
            match (&campaigns, counted.is_empty()) {
                // A row that does not count stands for the group.
                (_, true) => {
                    let rows = all.iter().take(1).copied().collect();
                    vec![(0, Sample { rows, bound: u64::MAX, ..Sample::default() })]
                }
                (None, _) => vec![(0, Sample::of(table, &counted, seed, self.max_rows()))],
                (Some(campaigns), _) => {
                    let codes = codes_of_rows(campaigns, &counted);
                    Sample::of_campaigns(table, &counted, &codes, seed, self.max_rows())
                }
            }
        });
        Ok(samples.collect())
    }

    fn evaluate_sample(&self, rows: &GroupedRows, seen: &[Seen]) -> Result<ArrayRef> {
        self.models(rows, Some(seen))
    }
}
