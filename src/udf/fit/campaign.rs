//! Campaigns of any type as texts that are equal where they are.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, LargeStringArray};
use arrow::row::{RowConverter, SortField};
use datafusion_common::Result;
use datafusion_common::utils::normalize_float_zero;

use crate::call::{ArgumentType, TypeForm};

/// A column of campaigns as strings, which is what is buffered of categories. Strings are left as they are; of another type
/// the text is that of the bytes by which `GROUP BY` compares rows, NULL included: -0.0 is 0.0.
pub(super) fn campaign_texts(campaigns: &ArrayRef) -> Result<ArrayRef> {
    if matches!(campaigns.data_type().form(), TypeForm::Text) {
        return Ok(Arc::clone(campaigns));
    }
    let converter = RowConverter::new(vec![SortField::new(campaigns.data_type().clone())])?;
    let rows = converter.convert_columns(&[normalize_float_zero(campaigns)])?;
    let text = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect::<String>();
    let texts = rows.iter().map(|row| text(row.as_ref()));
    Ok(Arc::new(LargeStringArray::from_iter_values(texts)))
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, StructArray};
    use arrow::array::{ListArray, NullArray};
    use arrow::compute::cast;
    use arrow::datatypes::{DataType, Int32Type};

    use super::*;

    /// Which rows are of one campaign, by the first of them.
    fn groups(campaigns: &ArrayRef) -> Vec<usize> {
        let texts = cast(&campaign_texts(campaigns).unwrap(), &DataType::LargeUtf8).unwrap();
        let texts = texts.as_string::<i64>();
        let text = |row: usize| texts.is_valid(row).then(|| texts.value(row));
        (0..texts.len())
            .map(|row| (0..row).find(|&r| text(r) == text(row)).unwrap_or(row))
            .collect()
    }

    #[test]
    fn campaigns_of_any_type_are_told_apart() {
        let numbers: ArrayRef =
            Arc::new(Int64Array::from(vec![Some(7), None, Some(-1), Some(7), None]));
        let expected = [0, 1, 2, 0, 1];
        let days: ArrayRef =
            Arc::new(Date32Array::from(vec![Some(7), None, Some(-1), Some(7), None]));
        let doubles: ArrayRef = Arc::new(Float64Array::from(vec![
            Some(f64::NAN),
            None,
            Some(0.5),
            Some(f64::NAN),
            None,
        ]));
        let pair =
            StructArray::try_from(vec![("a", Arc::clone(&numbers)), ("b", Arc::clone(&days))]);
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([
            Some(vec![Some(1)]),
            None,
            Some(vec![]),
            Some(vec![Some(1)]),
            None,
        ]);
        let text = cast(&numbers, &DataType::Utf8).unwrap();
        let of_type = |data_type: &DataType| cast(&text, data_type).unwrap();
        let dictionary = |values| DataType::Dictionary(Box::new(DataType::Int32), Box::new(values));
        for campaigns in [
            of_type(&dictionary(DataType::Utf8)),
            cast(&numbers, &dictionary(DataType::Int64)).unwrap(),
            cast(&text, &DataType::Binary).unwrap(),
            cast(&numbers, &DataType::Decimal128(20, 2)).unwrap(),
            of_type(&DataType::Utf8View),
            Arc::new(pair.unwrap()),
            Arc::new(lists),
            text,
            numbers,
            days,
            doubles,
        ] {
            assert_eq!(groups(&campaigns), expected, "{}", campaigns.data_type());
        }
        let zeros: ArrayRef = Arc::new(Float64Array::from(vec![0.0, -0.0, 1.0]));
        for campaigns in [cast(&zeros, &DataType::Float32).unwrap(), zeros] {
            assert_eq!(groups(&campaigns), [0, 0, 2], "{}", campaigns.data_type());
        }
        let flags: ArrayRef =
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), None]));
        assert_eq!(groups(&flags), [0, 1, 2, 1]);
        assert_eq!(groups(&(Arc::new(NullArray::new(2)) as ArrayRef)), [0, 0]);
    }
}
