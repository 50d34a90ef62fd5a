//! Columns of lists.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, GenericListArray, OffsetSizeTrait};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType;
use datafusion_common::Result;

/// Lists whose values are theirs alone. A slice of a column has the values of the whole column, and whoever converts
/// or counts them would do so for every slice.
pub(super) fn trimmed(lists: &ArrayRef) -> Result<ArrayRef> {
    if let Some(lists) = lists.as_list_opt::<i32>() {
        return trim(lists);
    }
    if let Some(lists) = lists.as_list_opt::<i64>() {
        return trim(lists);
    }
    Ok(Arc::clone(lists))
}

fn trim<O: OffsetSizeTrait>(lists: &GenericListArray<O>) -> Result<ArrayRef> {
    let (DataType::List(item) | DataType::LargeList(item)) = lists.data_type() else {
        return Ok(Arc::new(lists.clone()));
    };
    let offsets = lists.offsets();
    let (first, last) = (offsets[0], offsets[lists.len()]);
    let values = lists.values().slice(first.as_usize(), (last - first).as_usize());
    let offsets = offsets.iter().map(|&offset| offset - first).collect();
    let offsets = OffsetBuffer::new(offsets);
    let trimmed =
        GenericListArray::<O>::try_new(Arc::clone(item), offsets, values, lists.nulls().cloned())?;
    Ok(Arc::new(trimmed))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float32Array, ListArray};
    use arrow::datatypes::Float32Type;

    use super::*;

    #[test]
    fn a_slice_keeps_its_own_values() {
        let lists = ListArray::from_iter_primitive::<Float32Type, _, _>([
            Some(vec![Some(1.0)]),
            None,
            Some(vec![Some(2.0), None]),
            Some(vec![]),
            Some(vec![Some(3.0)]),
        ]);
        let slice: ArrayRef = Arc::new(lists.slice(1, 3));
        let own = trimmed(&slice).unwrap();
        assert_eq!(&own, &slice);
        let values: &dyn Array = own.as_list::<i32>().values();
        assert_eq!(
            values.as_primitive::<Float32Type>(),
            &Float32Array::from(vec![Some(2.0), None])
        );
        let empty: ArrayRef = Arc::new(lists.slice(2, 0));
        assert_eq!(trimmed(&empty).unwrap().as_list::<i32>().values().len(), 0);
    }
}
