//! The levels of a categorical column: every distinct string once, and a number for it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, LargeStringArray, UInt32Array};
use arrow::datatypes::Int32Type;
use datafusion_common::{Result, exec_datafusion_err};
use foldhash::fast::RandomState;

use crate::udf::strings::StringColumn;

/// Distinct levels in the order of their arrival. NULL is a level.
#[derive(Debug, Clone, Default)]
pub(super) struct Levels {
    values: Vec<Option<Arc<str>>>,
    codes: HashMap<Arc<str>, u32, RandomState>,
    null_code: Option<u32>,
    bytes: usize,
}

impl Levels {
    /// The levels by their codes.
    pub fn values(&self) -> Vec<Option<&str>> {
        self.values.iter().map(Option::as_deref).collect()
    }

    /// How many levels there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The memory that the levels take, in bytes.
    pub fn size(&self) -> usize {
        self.bytes
    }

    /// The code of every row; new levels are added, if a row has them: the dictionary of a slice may hold many more.
    pub fn encode(&mut self, strings: &ArrayRef) -> Result<UInt32Array> {
        let codes = StringColumn::of(strings).codes(|_, level| self.code(level))?;
        Ok(UInt32Array::from(codes))
    }

    fn code(&mut self, level: Option<&str>) -> Result<u32> {
        let known = level.map_or(self.null_code, |level| self.codes.get(level).copied());
        if let Some(code) = known {
            return Ok(code);
        }
        let code = u32::try_from(self.values.len())
            .map_err(|_| exec_datafusion_err!("more than {} levels in a category", u32::MAX))?;
        let level: Option<Arc<str>> = level.map(Arc::from);
        match &level {
            Some(level) => _ = self.codes.insert(Arc::clone(level), code),
            None => self.null_code = Some(code),
        }
        // Twice a pointer with its length, the code, and the string with its two counters.
        self.bytes += 3 * size_of::<Arc<str>>() + level.as_ref().map_or(0, |text| text.len() + 16);
        self.values.push(level);
        Ok(code)
    }

    /// Strings as the dictionary that states hold.
    pub fn state_of(strings: &ArrayRef) -> Result<DictionaryArray<Int32Type>> {
        let mut levels = Self::default();
        let codes = levels.encode(strings)?;
        levels.decode(&codes)
    }

    /// Codes as the dictionary that states hold, with only the levels that occur.
    pub fn decode(&self, codes: &UInt32Array) -> Result<DictionaryArray<Int32Type>> {
        let mut keys_of_codes: Vec<i32> = vec![-1; self.values.len()];
        let mut used: Vec<Option<&str>> = Vec::new();
        let mut keys = Vec::with_capacity(codes.len());
        for &code in codes.values() {
            let index = code as usize;
            let (Some(key), Some(level)) = (keys_of_codes.get_mut(index), self.values.get(index))
            else {
                return Err(exec_datafusion_err!("code {code} stands for no level"));
            };
            if *key < 0 && level.is_some() {
                *key = i32::try_from(used.len()).map_err(|_| {
                    exec_datafusion_err!("more than {} levels in a category", i32::MAX)
                })?;
                used.push(level.as_deref());
            }
            keys.push((*key >= 0).then_some(*key));
        }
        let values = Arc::new(LargeStringArray::from(used));
        Ok(DictionaryArray::try_new(keys.into(), values)?)
    }
}
