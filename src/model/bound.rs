//! Many models as they read the columns of a table.

use std::sync::Arc;

use super::layout::Layout;
use super::range::Range;
use super::scorer::Scorer;
use super::terms::NumberTerms;
use crate::Result;

/// Models as they read columns of certain names.
#[derive(Debug, Default)]
pub(super) struct BoundModels {
    names: Vec<String>,
    /// In the indices of their set; `None` until a row uses the model.
    models: Vec<Option<BoundModel>>,
    /// What the numbers of all models add: side by side, so that a thousand models stay in the cache.
    numbers: Vec<NumberTerms>,
    layouts: Vec<Layout>,
    /// Whether a bound model has a network.
    has_network: bool,
}

/// A model as it reads the columns.
#[derive(Debug, Clone)]
pub(super) struct BoundModel {
    pub(super) scorer: Arc<Scorer>,
    /// Of the three heads, and a zero that makes them a vector.
    pub(super) intercept: [f64; 4],
    pub(super) mu_range: Range,
    pub(super) max_sigma: f64,
    /// The index of its layout.
    pub(super) layout: usize,
    /// The index of what its first number adds.
    first_number: usize,
}

impl BoundModels {
    /// Of columns of these names; no model is bound yet.
    pub(super) fn new(names: Vec<String>) -> Self {
        Self { names, ..Self::default() }
    }

    /// The names of the columns.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Binds the model at an index, if it is not yet, and returns the index of its layout.
    pub(super) fn bind(&mut self, index: u32, scorer: &Arc<Scorer>) -> Result<usize> {
        if let Some(model) = self.model(index) {
            return Ok(model.layout);
        }
        let index = index as usize;
        let layout = self.layout_of(scorer)?;
        let [logit, mu, raw_sigma] = scorer.intercept;
        self.models.resize(self.models.len().max(index + 1), None);
        self.models[index] = Some(BoundModel {
            scorer: Arc::clone(scorer),
            intercept: [logit, mu, raw_sigma, 0.0],
            mu_range: scorer.mu_range,
            max_sigma: scorer.max_sigma,
            layout,
            first_number: self.numbers.len(),
        });
        self.numbers.extend_from_slice(&scorer.numbers);
        self.has_network |= scorer.has_network();
        Ok(layout)
    }

    /// Whether a model that was bound has a network.
    pub(super) fn has_network(&self) -> bool {
        self.has_network
    }

    fn layout_of(&mut self, scorer: &Arc<Scorer>) -> Result<usize> {
        let layout = Layout::new(Arc::clone(scorer), &self.names)?;
        if let Some(index) = self.layouts.iter().position(|known| known.is_same(&layout)) {
            return Ok(index);
        }
        self.layouts.push(layout);
        Ok(self.layouts.len() - 1)
    }

    /// The layouts, in their indices.
    pub(super) fn layouts(&self) -> &[Layout] {
        &self.layouts
    }

    /// The model at an index, if it has been bound.
    #[inline(always)]
    pub(super) fn model(&self, index: u32) -> Option<&BoundModel> {
        self.models.get(index as usize)?.as_ref()
    }

    /// What `count` numbers of a model add, from its first.
    #[inline(always)]
    pub(super) fn numbers(&self, model: &BoundModel, count: usize) -> &[NumberTerms] {
        &self.numbers[model.first_number..][..count]
    }
}
