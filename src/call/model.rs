//! The functions that look into a model: one argument, a text.

use super::{ArgumentType, check_text, wrong_arity};
use crate::Result;
use crate::error::MODEL_TEXT;
use crate::model::{Model, ModelInfo, Scorer, WeightRow};

pub(crate) const MODEL_INFO: ModelCall<ModelInfo> =
    of_model("ziln_model_info", |text| Ok(Model::from_json(text)?.info()));
pub(crate) const WEIGHTS: ModelCall<Vec<WeightRow>> =
    of_model("ziln_weights", |text| Ok(Model::from_json(text)?.weights()));
pub(crate) const IS_MODEL: ModelCall<bool> = ModelCall {
    name: "ziln_is_model",
    argument: "text",
    expected: "text",
    // Through the cache: who asks is about to predict.
    read: |text| Ok(Scorer::of_text(text).is_ok()),
};

/// A function that looks into a model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ModelCall<V> {
    /// The name in SQL.
    pub name: &'static str,
    /// The name of its argument.
    pub argument: &'static str,
    expected: &'static str,
    /// Reads a text; an error where it is no model, unless that is what the function tells.
    pub read: fn(&str) -> Result<V>,
}

const fn of_model<V>(name: &'static str, read: fn(&str) -> Result<V>) -> ModelCall<V> {
    ModelCall { name, argument: "model", expected: MODEL_TEXT, read }
}

impl<V> ModelCall<V> {
    /// The only argument.
    pub fn argument_of<'a, A>(&self, arguments: &'a [A]) -> Result<&'a A> {
        match arguments {
            [one] => Ok(one),
            _ => Err(wrong_arity(&format!("{}({})", self.name, self.argument), arguments.len())),
        }
    }

    /// Refuses arguments that are not one text.
    pub fn check<T: ArgumentType>(&self, types: &[&T]) -> Result<()> {
        check_text(self.argument, self.expected, *self.argument_of(types)?)
    }
}
