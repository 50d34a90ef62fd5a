//! Distinct values and their codes.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

use super::culprit::no_model;
use crate::Result;

/// In the place of a row's code: the row has no text.
pub(crate) const NO_CODE: u32 = u32::MAX;

/// The code of each distinct key; the last one is remembered, as equal rows come in runs.
#[derive(Debug)]
pub(crate) struct Codes<K> {
    of_key: HashMap<K, u32, RandomState>,
    last: Option<(K, u32)>,
}

impl<K> Default for Codes<K> {
    fn default() -> Self {
        Self { of_key: HashMap::default(), last: None }
    }
}

impl<K: Copy + Eq + Hash> Codes<K> {
    /// The code of a key; `new` makes one for a key not seen before.
    ///
    /// # Errors
    /// Those of `new`.
    #[inline]
    pub fn code<E>(
        &mut self,
        key: K,
        new: impl FnOnce() -> std::result::Result<u32, E>,
    ) -> std::result::Result<u32, E> {
        if let Some((last, code)) = self.last
            && last == key
        {
            return Ok(code);
        }
        let code = if let Some(&code) = self.of_key.get(&key) {
            code
        } else {
            let code = new()?;
            self.of_key.insert(key, code);
            code
        };
        self.last = Some((key, code));
        Ok(code)
    }
}

/// The rows of a column of texts by the distinct ones, which have codes in the order in which they come first.
#[derive(Debug, Default)]
pub(crate) struct DistinctRows {
    /// By code, the first row that holds the text.
    pub first_rows: Vec<usize>,
    /// For every row the code of its text, or [`NO_CODE`] where it is NULL.
    pub code_of_row: Vec<u32>,
}

impl DistinctRows {
    /// Of a column in which a text that repeats is written again.
    pub fn by_text<'a>(rows: usize, text: impl Fn(usize) -> Option<&'a str>) -> Self {
        let mut distinct = Self::default();
        let mut of_text = Codes::default();
        for row in 0..rows {
            let code = text(row).map(|text| distinct.code(&mut of_text, text, row));
            distinct.code_of_row.push(code.unwrap_or(NO_CODE));
        }
        distinct
    }

    /// Of a column in which rows have views of the same buffers: a join repeats a text by repeating its view, and a
    /// short one stands in the view itself, so that rows are told apart by the words of their views first.
    pub fn by_view<'a>(
        rows: usize,
        view: impl Fn(usize) -> u128,
        text: impl Fn(usize) -> Option<&'a str>,
    ) -> Self {
        let mut distinct = Self::default();
        let mut of_view = Codes::default();
        let mut of_text = Codes::default();
        for row in 0..rows {
            let code = text(row).map(|text| {
                let new = || Ok(distinct.code(&mut of_text, text, row));
                of_view
                    .code(view(row), new)
                    .unwrap_or_else(|never: std::convert::Infallible| match never {})
            });
            distinct.code_of_row.push(code.unwrap_or(NO_CODE));
        }
        distinct
    }

    fn code<'a>(&mut self, of_text: &mut Codes<&'a str>, text: &'a str, row: usize) -> u32 {
        let first_rows = &mut self.first_rows;
        let new = || {
            first_rows.push(row);
            Ok(u32::try_from(first_rows.len() - 1).unwrap_or(NO_CODE))
        };
        of_text.code(text, new).unwrap_or_else(|never: std::convert::Infallible| match never {})
    }

    /// Reads the model in every distinct text, the argument `argument`, and gives what was read to all rows that hold
    /// the text; `None` where a row has none. `text_of` is the text in a row.
    ///
    /// # Errors
    /// A text that `read` refuses, named by its row unless the argument is a constant.
    pub fn map_models<'a, T: Clone>(
        &self,
        argument: &str,
        is_constant: bool,
        text_of: impl Fn(usize) -> &'a str,
        read: impl Fn(&str) -> Result<T>,
    ) -> Result<Vec<Option<T>>> {
        let results = self.first_rows.iter().map(|&row| {
            let text = text_of(row);
            let named = (!is_constant).then_some(row);
            read(text).map_err(|error| no_model(argument, text, named, &error))
        });
        let results = results.collect::<Result<Vec<T>>>()?;
        Ok(self.code_of_row.iter().map(|&code| results.get(code as usize).cloned()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [Option<&str>; 6] = [Some("b"), None, Some("a"), Some("a"), Some("b"), None];

    #[test]
    fn codes_are_in_the_order_of_arrival() {
        for distinct in [
            DistinctRows::by_text(6, |row| TEXTS[row]),
            // Two views of "a", as of a buffer that holds it twice.
            DistinctRows::by_view(6, |row| row as u128 % 4, |row| TEXTS[row]),
        ] {
            assert_eq!(distinct.first_rows, [0, 2]);
            assert_eq!(distinct.code_of_row, [0, NO_CODE, 1, 1, 0, NO_CODE]);
        }
    }

    #[test]
    fn each_text_is_read_once_and_named_by_its_first_row() {
        let distinct = DistinctRows::by_text(6, |row| TEXTS[row]);
        let read = std::cell::Cell::new(0);
        let lengths = distinct.map_models(
            "model",
            false,
            |row| TEXTS[row].unwrap(),
            |text| {
                read.set(read.get() + 1);
                Ok(text.len())
            },
        );
        assert_eq!(lengths.unwrap(), [Some(1), None, Some(1), Some(1), Some(1), None]);
        assert_eq!(read.get(), 2);
        let refuse = |text: &str| match text {
            "a" => Err(crate::Error::Model { problem: "torn".to_owned() }),
            _ => Ok(()),
        };
        let error = distinct.map_models("model", false, |row| TEXTS[row].unwrap(), refuse);
        let message = error.unwrap_err().to_string();
        assert!(message.ends_with("'a' in row 3 of the batch, counted from 1 (torn)"), "{message}");
    }
}
