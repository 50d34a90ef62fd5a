//! The three forms of the argument `params`: a struct, three numbers, one list of three numbers.

use std::ops::Range;

use polars::prelude::{ChunkNestingUtils, DataType, Field, PolarsResult, Series};
use polars_arrow::array::{ListArray, PrimitiveArray};
use polars_arrow::bitmap::Bitmap;
use polars_arrow::offset::OffsetsBuffer;

use super::error::{wrong_argument, wrong_arity};
use super::number::{Number, doubles_with_nan, is_number};
use crate::culprit::row_of_batch;
use crate::error::quoted;
use crate::math::{Column, Params, Spread};

/// How many numbers the params of one row are.
pub(super) const PLACES: usize = 3;

/// The names of the raw outputs, as three arguments or the places of a list.
const RAW_NAMES: [&str; PLACES] = ["logit", "mu", "raw_sigma"];

/// The fields of a params struct.
const STRUCT_NAMES: [&str; PLACES] = ["logit", "mu", "sigma"];

/// What the argument `params` may be.
const EXPECTED: &str = "a struct with fields logit, mu and sigma, a list of 3 numbers (logit, mu, raw_sigma), \
                        or three numbers logit, mu, raw_sigma";

/// The type of a params struct: three fields of type `Float64`.
pub(super) fn params_type() -> DataType {
    let field = |name: &str| Field::new(name.into(), DataType::Float64);
    DataType::Struct(STRUCT_NAMES.iter().map(|name| field(name)).collect())
}

/// The argument `params`, whatever its form.
#[derive(Debug)]
pub(super) struct ParamsArgument {
    numbers: [Number; PLACES],
    is_raw: bool,
}

impl ParamsArgument {
    /// Reads the arguments that are left after a function's own.
    ///
    /// # Errors
    /// Where they are none of the three forms.
    pub(super) fn try_new(function: &str, usage: &str, inputs: &[Series]) -> PolarsResult<Self> {
        match inputs {
            [one] => Self::from_one(function, one),
            [logit, mu, raw_sigma] => Ok(Self {
                numbers: [
                    Number::try_new(function, RAW_NAMES[0], logit)?,
                    Number::try_new(function, RAW_NAMES[1], mu)?,
                    Number::try_new(function, RAW_NAMES[2], raw_sigma)?,
                ],
                is_raw: true,
            }),
            _ => Err(wrong_arity(function, usage, inputs.len())),
        }
    }

    fn from_one(function: &str, series: &Series) -> PolarsResult<Self> {
        match series.dtype() {
            DataType::Null => Ok(Self {
                numbers: [Number::scalar(None), Number::scalar(None), Number::scalar(None)],
                is_raw: true,
            }),
            DataType::Struct(fields) => Self::from_struct(function, series, fields),
            DataType::List(inner) if is_number(inner) => Self::from_list(function, series),
            DataType::Array(inner, PLACES) if is_number(inner) => Self::from_array(series),
            DataType::Array(_, width) if *width != PLACES => {
                Err(wrong_length(function, *width, ""))
            }
            dtype => Err(wrong_argument(function, "params", EXPECTED, dtype.to_string())),
        }
    }

    fn from_struct(function: &str, series: &Series, fields: &[Field]) -> PolarsResult<Self> {
        let columns = series.struct_()?.fields_as_series();
        let read = |name: &str| {
            let column = columns.iter().find(|column| column.name() == name).ok_or_else(|| {
                wrong_argument(function, "params", EXPECTED, describe_struct(fields))
            })?;
            Number::try_new(function, &format!("params.{name}"), column)
        };
        let numbers = [read(STRUCT_NAMES[0])?, read(STRUCT_NAMES[1])?, read(STRUCT_NAMES[2])?];
        Ok(Self { numbers, is_raw: false })
    }

    fn from_array(series: &Series) -> PolarsResult<Self> {
        let arrays = series.array()?.rechunk();
        let elements = arrays.get_inner();
        let validity = arrays.downcast_iter().next().and_then(|array| array.validity().cloned());
        let rows = arrays.len();
        let validity =
            lists_validity(rows, |row| row * PLACES..(row + 1) * PLACES, validity, &elements);
        Ok(Self::from_lists(&doubles_with_nan(&elements)?, validity.as_ref()))
    }

    fn from_list(function: &str, series: &Series) -> PolarsResult<Self> {
        let lists = series.list()?.rechunk();
        // A slice has the elements of the whole column.
        let lists = lists.trim_lists_to_normalized_offsets().unwrap_or_else(|| lists.into_owned());
        let elements = lists.get_inner();
        let Some(array) = lists.downcast_iter().next() else {
            return Ok(Self::from_lists(&PrimitiveArray::from_vec(Vec::new()), None));
        };
        check_lengths(function, array)?;
        let offsets = array.offsets();
        let range = |row| {
            let (start, end) = offsets.start_end(row);
            start..end
        };
        let validity = lists_validity(array.len(), range, array.validity().cloned(), &elements);
        Ok(Self::from_lists(
            &dense_lists(&doubles_with_nan(&elements)?, offsets),
            validity.as_ref(),
        ))
    }

    fn from_lists(lists: &PrimitiveArray<f64>, validity: Option<&Bitmap>) -> Self {
        let place = |place| Number::place(lists.clone(), place, validity.cloned());
        Self { numbers: [place(0), place(1), place(2)], is_raw: true }
    }

    /// The three numbers, whose NULLs are those of the params.
    pub(super) fn numbers(&self) -> &[Number; PLACES] {
        &self.numbers
    }

    /// The params as the core reads them.
    pub(super) fn params(&self) -> Params<'_> {
        self.params_of(self.numbers.each_ref().map(Number::column))
    }

    /// Params of these columns, which are rows of the three numbers.
    pub(super) fn params_of<'a>(&self, [logit, mu, spread]: [Column<'a>; PLACES]) -> Params<'a> {
        let spread = if self.is_raw { Spread::RawSigma(spread) } else { Spread::Sigma(spread) };
        Params { logit, mu, spread }
    }
}

fn describe_struct(fields: &[Field]) -> String {
    let names: Vec<String> = fields.iter().map(|field| quoted(field.name())).collect();
    format!("a struct with fields {}", names.join(", "))
}

fn wrong_length(function: &str, length: usize, place: &str) -> polars::prelude::PolarsError {
    wrong_argument(
        function,
        "params",
        "a list of 3 numbers (logit, mu, raw_sigma)",
        format!("a list of length {length}{place}"),
    )
}

fn check_lengths(function: &str, array: &ListArray<i64>) -> PolarsResult<()> {
    let validity = array.validity();
    let is_valid = |row: usize| validity.is_none_or(|validity| validity.get(row) == Some(true));
    let mut lengths = array.offsets().lengths().enumerate();
    match lengths.find(|(row, length)| *length != PLACES && is_valid(*row)) {
        Some((row, length)) => {
            let place = (array.len() > 1).then(|| format!(" in {}", row_of_batch(row)));
            Err(wrong_length(function, length, &place.unwrap_or_default()))
        }
        None => Ok(()),
    }
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
    if offsets.lengths().all(|length| length == PLACES) {
        let start = offsets.offset_and_length_iter().next().map_or(0, |(start, _)| start);
        return elements.clone().sliced(start, offsets.len_proxy() * PLACES);
    }
    let mut dense = Vec::with_capacity(offsets.len_proxy() * PLACES);
    for (start, length) in offsets.offset_and_length_iter() {
        match lists.get(start..start + length) {
            Some(list) if length == PLACES => dense.extend_from_slice(list),
            _ => dense.extend([f64::NAN; PLACES]),
        }
    }
    PrimitiveArray::from_vec(dense)
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
