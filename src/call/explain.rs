//! `ziln_explain(model, features)`.

use super::customer::CustomerCall;
use crate::Result;
use crate::model::{Contribution, Explainer, FeatureInput, Model};

/// What each feature of a customer adds.
#[derive(Debug)]
pub(crate) struct Explain;

impl CustomerCall for Explain {
    const NAME: &'static str = "ziln_explain";
    const USAGE: &'static str = "ziln_explain(model, features)";

    type Reader = Explainer;
    type Value = Vec<Contribution>;

    fn read(text: &str) -> Result<Explainer> {
        Ok(Explainer::new(&Model::from_json(text)?))
    }

    fn positions(reader: &Explainer, names: &[String]) -> Result<Vec<usize>> {
        reader.match_features(names)
    }

    fn value(
        reader: &Explainer,
        columns: &[FeatureInput<'_>],
        row: usize,
    ) -> Result<Vec<Contribution>> {
        reader.explain(columns, row)
    }
}
