//! The three forms of the argument `params`: a struct, three numbers, one list of three numbers.

use std::ops::Range;

use polars::prelude::{ChunkNestingUtils, DataType, Field, PolarsResult, Series};
use polars_arrow::array::{ListArray, PrimitiveArray};
use polars_arrow::bitmap::Bitmap;
use polars_arrow::offset::OffsetsBuffer;

use super::error::refuse;
use super::number::{Number, doubles_with_nan};
use super::types::types_of;
use crate::call::params::{FIELD_NAMES, ParamsForm, WIDTH, check_lengths, spread};
use crate::math::{Column, Params};

/// The type of a params struct: three fields of type `Float64`.
pub(super) fn params_type() -> DataType {
    let field = |name: &str| Field::new(name.into(), DataType::Float64);
    DataType::Struct(FIELD_NAMES.iter().map(|name| field(name)).collect())
}

/// The argument `params`, whatever its form.
#[derive(Debug)]
pub(super) struct ParamsArgument {
    form: ParamsForm,
    numbers: [Number; WIDTH],
}

impl ParamsArgument {
    /// Reads the arguments that are left after a function's own.
    ///
    /// # Errors
    /// Where they are none of the three forms.
    pub(super) fn try_new(function: &str, usage: &str, inputs: &[Series]) -> PolarsResult<Self> {
        let form = ParamsForm::of_types(usage, &types_of(inputs));
        Self::of_form(function, form.map_err(|error| refuse(function, &error))?, inputs)
    }

    /// Reads arguments of a form that is known.
    ///
    /// # Errors
    /// Where a list has another length.
    pub(super) fn of_form(
        function: &str,
        form: ParamsForm,
        inputs: &[Series],
    ) -> PolarsResult<Self> {
        let numbers = match (form, inputs) {
            (ParamsForm::Struct(positions), [one]) => {
                let columns = one.struct_()?.fields_as_series();
                Self::columns(positions.map(|position| columns.get(position)))?
            }
            (ParamsForm::Lists, [one]) if one.dtype().is_array() => Self::of_arrays(one)?,
            (ParamsForm::Lists, [one]) => Self::of_lists(function, one)?,
            (ParamsForm::Numbers, [logit, mu, raw_sigma]) => {
                Self::columns([logit, mu, raw_sigma].map(Some))?
            }
            _ => Self::columns([None; WIDTH])?,
        };
        Ok(Self { form, numbers })
    }

    /// Three columns, NULL in the place of one that is not there.
    fn columns([logit, mu, spread]: [Option<&Series>; WIDTH]) -> PolarsResult<[Number; WIDTH]> {
        let read = |column: Option<&Series>| match column {
            Some(column) => Number::of_series(column),
            None => Ok(Number::scalar(None)),
        };
        Ok([read(logit)?, read(mu)?, read(spread)?])
    }

    fn of_arrays(series: &Series) -> PolarsResult<[Number; WIDTH]> {
        let arrays = series.array()?.rechunk();
        let elements = arrays.get_inner();
        let validity = arrays.downcast_iter().next().and_then(|array| array.validity().cloned());
        let rows = arrays.len();
        let validity =
            lists_validity(rows, |row| row * WIDTH..(row + 1) * WIDTH, validity, &elements);
        Ok(numbers_of(&doubles_with_nan(&elements)?, validity.as_ref()))
    }

    fn of_lists(function: &str, series: &Series) -> PolarsResult<[Number; WIDTH]> {
        let lists = series.list()?.rechunk();
        // A slice has the elements of the whole column.
        let lists = lists.trim_lists_to_normalized_offsets().unwrap_or_else(|| lists.into_owned());
        let elements = lists.get_inner();
        let Some(array) = lists.downcast_iter().next() else {
            return Ok(numbers_of(&PrimitiveArray::from_vec(Vec::new()), None));
        };
        check_all_lengths(function, array)?;
        let offsets = array.offsets();
        let range = |row| {
            let (start, end) = offsets.start_end(row);
            start..end
        };
        let validity = lists_validity(array.len(), range, array.validity().cloned(), &elements);
        Ok(numbers_of(&dense_lists(&doubles_with_nan(&elements)?, offsets), validity.as_ref()))
    }

    /// The three numbers, whose NULLs are those of the params.
    pub(super) fn numbers(&self) -> &[Number; WIDTH] {
        &self.numbers
    }

    /// The params as the core reads them.
    pub(super) fn params(&self) -> Params<'_> {
        self.params_of(self.numbers.each_ref().map(Number::column))
    }

    /// Params of these columns, which are rows of the three numbers.
    pub(super) fn params_of<'a>(&self, columns: [Column<'a>; WIDTH]) -> Params<'a> {
        self.form.params(columns)
    }
}

/// The three numbers of lists one behind the other.
fn numbers_of(lists: &PrimitiveArray<f64>, validity: Option<&Bitmap>) -> [Number; WIDTH] {
    [0, 1, 2].map(|index| Number::of_lists(lists.clone(), index, validity.cloned()))
}

fn check_all_lengths(function: &str, array: &ListArray<i64>) -> PolarsResult<()> {
    let validity = array.validity();
    let is_valid = |row: usize| validity.is_none_or(|validity| validity.get(row) == Some(true));
    let lengths = array.offsets().lengths().enumerate();
    let lengths = lengths.map(|(row, length)| is_valid(row).then_some(length));
    check_lengths(lengths, array.len() == 1).map_err(|error| refuse(function, &error))
}

/// Which lists are not NULL and have no NULL in them; `elements_of` is where a list's elements are.
fn lists_validity(
    rows: usize,
    elements_of: impl Fn(usize) -> Range<usize>,
    lists: Option<Bitmap>,
    elements: &Series,
) -> Option<Bitmap> {
    let lists = lists.filter(|lists| lists.unset_bits() > 0);
    if elements.null_count() == 0 {
        return lists;
    }
    let elements = elements.is_not_null();
    let elements = elements.rechunk().downcast_iter().next()?.values().clone();
    let is_complete = |row| elements_of(row).all(|element| elements.get(element) == Some(true));
    let complete = (0..rows).map(is_complete).collect::<Bitmap>();
    Some(match lists {
        Some(lists) => &complete & &lists,
        None => complete,
    })
}

/// The lists one behind the other, three elements a row, also for a NULL row that has none.
fn dense_lists(
    elements: &PrimitiveArray<f64>,
    offsets: &OffsetsBuffer<i64>,
) -> PrimitiveArray<f64> {
    let lists = elements.values().as_slice();
    if offsets.lengths().all(|length| length == WIDTH) {
        let start = offsets.offset_and_length_iter().next().map_or(0, |(start, _)| start);
        return elements.clone().sliced(start, offsets.len_proxy() * WIDTH);
    }
    let bounds = offsets.offset_and_length_iter().map(|(start, length)| start..start + length);
    PrimitiveArray::from_vec(spread(lists, bounds))
}

#[cfg(test)]
mod tests {
    use polars::prelude::*;

    use super::*;

    fn read(series: &Series) -> PolarsResult<ParamsArgument> {
        ParamsArgument::try_new("f", "f(params)", std::slice::from_ref(series))
    }

    #[test]
    fn a_list_of_another_length_is_refused_unless_it_is_null() {
        let lists = |third: Option<Series>| {
            Series::new("p".into(), [Some(Series::new("".into(), [1.0, 2.0, 3.0])), third])
        };
        assert!(read(&lists(None)).is_ok());
        let error = read(&lists(Some(Series::new("".into(), [1.0])))).unwrap_err().to_string();
        assert!(error.contains("got a list of length 1"), "{error}");
    }
}
