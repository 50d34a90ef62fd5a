//! Columns of strings, however they are encoded, and codes in the place of their texts.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, LargeStringArray, StringArray, StringViewArray};
use arrow::datatypes::DataType;
use datafusion_common::{Result, exec_err};
use foldhash::fast::RandomState;

/// Strings as they lie there. Converted to one encoding, views of one long string would become many of it, and more bytes
/// than an encoding with 32-bit offsets can hold.
#[derive(Debug, Clone, Copy)]
enum Strings<'a> {
    Short(&'a StringArray),
    Long(&'a LargeStringArray),
    Views(&'a StringViewArray),
}

impl<'a> Strings<'a> {
    fn try_new(array: &'a ArrayRef) -> Result<Self> {
        match array.data_type() {
            DataType::Utf8 => Ok(Self::Short(array.as_string())),
            DataType::LargeUtf8 => Ok(Self::Long(array.as_string())),
            DataType::Utf8View => Ok(Self::Views(array.as_string_view())),
            other => exec_err!("a category is not a string but {other}"),
        }
    }

    fn len(self) -> usize {
        match self {
            Self::Short(array) => array.len(),
            Self::Long(array) => array.len(),
            Self::Views(array) => array.len(),
        }
    }

    /// The string at an index; `None` for a NULL, and behind the end.
    fn get(self, index: usize) -> Option<&'a str> {
        match self {
            Self::Short(array) => is_text(array, index).then(|| array.value(index)),
            Self::Long(array) => is_text(array, index).then(|| array.value(index)),
            Self::Views(array) => is_text(array, index).then(|| array.value(index)),
        }
    }
}

fn is_text(array: &dyn Array, index: usize) -> bool {
    index < array.len() && array.is_valid(index)
}

/// A column of strings: values, and for each row which of them it has, unless every row has its own.
#[derive(Debug)]
pub(super) struct StringColumn {
    values: ArrayRef,
    /// Of a dictionary, the index of each row's value; behind the last for a NULL.
    keys: Option<Vec<usize>>,
}

impl StringColumn {
    /// Reads strings of any encoding.
    pub fn of(array: &ArrayRef) -> Self {
        let Some(dictionary) = array.as_any_dictionary_opt() else {
            return Self { values: array.clone(), keys: None };
        };
        let values = dictionary.values();
        let absent = values.len();
        let mut keys = match absent {
            0 => vec![absent; array.len()],
            _ => dictionary.normalized_keys(),
        };
        if let Some(nulls) = dictionary.keys().nulls() {
            for (key, is_valid) in keys.iter_mut().zip(nulls) {
                *key = if is_valid { *key } else { absent };
            }
        }
        Self { values: values.clone(), keys: Some(keys) }
    }

    /// The text of a value; `None` for a NULL.
    pub fn text(&self, value: usize) -> Result<Option<&str>> {
        Ok(Strings::try_new(&self.values)?.get(value))
    }

    /// The code of every row, of codes that `code_of` gives to values and their texts.
    ///
    /// It is asked once a value of a dictionary that some row has, and once a view: a join repeats a string by repeating
    /// its view. Other strings are told from those before by their texts, which is what `code_of` is for.
    pub fn codes<'a>(
        &'a self,
        mut code_of: impl FnMut(usize, Option<&'a str>) -> Result<u32>,
    ) -> Result<Vec<u32>> {
        let values = Strings::try_new(&self.values)?;
        match (&self.keys, values) {
            (Some(keys), _) => {
                let mut known = KnownCodes::new(values.len(), keys.len());
                let code = |&key: &usize| known.code(key, || code_of(key, values.get(key)));
                keys.iter().map(code).collect()
            }
            (None, Strings::Views(views)) => {
                let mut of_view: HashMap<u128, u32, RandomState> = HashMap::default();
                let mut of_null = None;
                let code = |(row, &view): (usize, &u128)| {
                    let is_null = views.is_null(row);
                    let known = if is_null { of_null } else { of_view.get(&view).copied() };
                    if let Some(code) = known {
                        return Ok(code);
                    }
                    let code = code_of(row, values.get(row))?;
                    if is_null {
                        of_null = Some(code);
                    } else {
                        of_view.insert(view, code);
                    }
                    Ok(code)
                };
                views.views().iter().enumerate().map(code).collect()
            }
            (None, _) => {
                let mut last: Option<(Option<&str>, u32)> = None;
                let code = |row: usize| {
                    let text = values.get(row);
                    let code = match last {
                        Some((last, code)) if last == text => code,
                        _ => code_of(row, text)?,
                    };
                    last = Some((text, code));
                    Ok(code)
                };
                (0..values.len()).map(code).collect()
            }
        }
    }
}

/// The codes of the values of a dictionary that have been met; behind the last value, that of NULL.
enum KnownCodes {
    /// By value.
    Dense(Vec<Option<u32>>),
    /// For few rows of a large dictionary.
    Sparse(HashMap<usize, u32>),
}

impl KnownCodes {
    fn new(values: usize, rows: usize) -> Self {
        if values / 16 > rows {
            Self::Sparse(HashMap::new())
        } else {
            Self::Dense(vec![None; values + 1])
        }
    }

    fn code(&mut self, value: usize, code_of: impl FnOnce() -> Result<u32>) -> Result<u32> {
        let known = match self {
            Self::Dense(codes) => codes.get(value).copied().flatten(),
            Self::Sparse(codes) => codes.get(&value).copied(),
        };
        if let Some(code) = known {
            return Ok(code);
        }
        let code = code_of()?;
        match self {
            Self::Dense(codes) => {
                if let Some(known) = codes.get_mut(value) {
                    *known = Some(code);
                }
            }
            Self::Sparse(codes) => _ = codes.insert(value, code),
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{DictionaryArray, Int8Array};
    use arrow::compute::cast;

    use super::*;

    /// Codes in the order of the texts' arrival, and how often one was asked for.
    fn codes(array: &ArrayRef) -> (Vec<Option<String>>, Vec<u32>, usize) {
        let (mut texts, mut asked) = (Vec::new(), 0);
        let column = StringColumn::of(array);
        let codes = column.codes(|value, text| {
            asked += 1;
            assert_eq!(column.text(value).unwrap(), text);
            let text = text.map(str::to_owned);
            let code = texts.iter().position(|known| known == &text).unwrap_or(texts.len());
            texts.resize(texts.len().max(code + 1), text);
            Ok(code as u32)
        });
        (texts, codes.unwrap(), asked)
    }

    #[test]
    fn every_encoding_has_the_same_codes() {
        let long = "a string that no view holds in itself";
        let plain: ArrayRef = Arc::new(StringArray::from(vec![
            Some("b"),
            Some(long),
            None,
            None,
            Some("b"),
            Some(""),
            Some(long),
            Some("b"),
        ]));
        let texts = [Some("b"), Some(long), None, Some("")].map(|text| text.map(str::to_owned));
        let dictionary =
            |key: DataType, value: DataType| DataType::Dictionary(Box::new(key), Box::new(value));
        for (data_type, expected) in [
            (DataType::Utf8, 7),
            (DataType::LargeUtf8, 7),
            (DataType::Utf8View, 5),
            (dictionary(DataType::Int32, DataType::Utf8), 4),
            (dictionary(DataType::UInt8, DataType::LargeUtf8), 4),
            (dictionary(DataType::Int64, DataType::Utf8View), 4),
        ] {
            let (found, codes, asked) = codes(&cast(&plain, &data_type).unwrap());
            assert_eq!(found, texts, "{data_type}");
            assert_eq!(codes, [0, 1, 2, 2, 0, 3, 1, 0], "{data_type}");
            // Two views of one long string may differ.
            assert!(asked <= expected, "{data_type}: {asked}");
        }
    }

    #[test]
    fn untidy_dictionaries() {
        let values = StringArray::from(vec![Some("unused"), None, Some("x"), Some("x")]);
        let keys = Int8Array::from(vec![Some(1), None, Some(2), Some(3), Some(2)]);
        let untidy: ArrayRef = Arc::new(DictionaryArray::new(keys, Arc::new(values)));
        let (texts, codes, _) = self::codes(&untidy);
        assert_eq!((texts, codes), (vec![None, Some("x".to_owned())], vec![0, 0, 1, 1, 1]));
        let nothing = Arc::new(StringArray::from(Vec::<&str>::new()));
        let keys = Int8Array::from(vec![None, None]);
        let empty: ArrayRef = Arc::new(DictionaryArray::new(keys, nothing));
        assert_eq!(self::codes(&empty), (vec![None], vec![0, 0], 1));
    }
}
