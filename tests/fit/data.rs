//! Data sets to train on, and numbers that look random.

use ziln::fit::{
    Chunk, FeatureColumn, FeatureValues, NewtonOptions, OptionValue, Options, RowId, Table, fit,
    fit_newton, fit_prior,
};
use ziln::math::Column;
use ziln::model::{FeatureInput, Model, ParamsOut, Scorer};

/// A column of a data set.
pub enum Feature {
    Numbers(Vec<f64>),
    Levels(Vec<u32>, Vec<String>),
}

/// Rows to train on, in one chunk.
pub struct Data {
    pub label: Vec<f64>,
    pub weight: Option<Vec<f64>>,
    pub features: Vec<Feature>,
}

impl Data {
    pub fn numbers(label: Vec<f64>, columns: Vec<Vec<f64>>) -> Self {
        let features = columns.into_iter().map(Feature::Numbers).collect();
        Self { label, weight: None, features }
    }

    pub fn fit(&self, options: &[(&str, OptionValue)]) -> Option<Model> {
        self.try_fit(options).unwrap()
    }

    pub fn try_fit(&self, options: &[(&str, OptionValue)]) -> ziln::Result<Option<Model>> {
        let options = Options::from_pairs(pairs(options))?;
        self.with_table(|table, rows| fit(table, rows, &options))
    }

    /// Fits some of the rows, in this order.
    pub fn fit_rows(&self, rows: &[u32], options: &Options) -> ziln::Result<Option<Model>> {
        let rows: Vec<RowId> = rows.iter().map(|&row| RowId { chunk: 0, row }).collect();
        self.with_table(|table, _| fit(table, &rows, options))
    }

    pub fn newton(&self, options: &[(&str, OptionValue)]) -> Model {
        self.try_newton(options).unwrap().unwrap()
    }

    pub fn try_newton(&self, options: &[(&str, OptionValue)]) -> ziln::Result<Option<Model>> {
        let options = NewtonOptions::from_pairs(pairs(options))?;
        self.with_table(|table, rows| fit_newton(table, rows, &options))
    }

    pub fn prior(&self, campaigns: &[u32]) -> Model {
        let options = NewtonOptions::default();
        self.with_table(|table, rows| fit_prior(table, rows, campaigns, &options)).unwrap().unwrap()
    }

    /// Calls with all rows.
    pub fn with_table<R>(&self, call: impl FnOnce(&Table<'_>, &[RowId]) -> R) -> R {
        let names: Vec<String> =
            (0..self.features.len()).map(|index| format!("x{index}")).collect();
        let columns = names.iter().zip(&self.features).map(|(name, feature)| FeatureColumn {
            name,
            levels: match feature {
                Feature::Numbers(_) => None,
                Feature::Levels(_, levels) => {
                    Some(levels.iter().map(|l| Some(l.as_str())).collect())
                }
            },
        });
        let values = self.features.iter().map(|feature| match feature {
            Feature::Numbers(values) => FeatureValues::Numbers(values),
            Feature::Levels(codes, _) => FeatureValues::Codes(codes),
        });
        let table = Table {
            features: columns.collect(),
            chunks: vec![Chunk {
                label: &self.label,
                weight: self.weight.as_deref(),
                features: values.collect(),
            }],
        };
        let rows: Vec<RowId> =
            (0..self.label.len() as u32).map(|row| RowId { chunk: 0, row }).collect();
        call(&table, &rows)
    }

    /// Logit, mu and sigma of every row.
    pub fn predict(&self, model: &Model) -> [Vec<f64>; 3] {
        let rows = self.label.len();
        let mut out = [vec![0.0; rows], vec![0.0; rows], vec![0.0; rows]];
        let levels = self.features.iter().map(|feature| match feature {
            Feature::Numbers(_) => Vec::new(),
            Feature::Levels(_, levels) => levels.iter().map(|l| Some(l.as_str())).collect(),
        });
        let levels: Vec<Vec<Option<&str>>> = levels.collect();
        let inputs: Vec<FeatureInput> = self
            .features
            .iter()
            .zip(&levels)
            .map(|(feature, levels)| match feature {
                Feature::Numbers(values) => FeatureInput::Number(Column::F64(values)),
                Feature::Levels(codes, _) => FeatureInput::Codes { codes, levels },
            })
            .collect();
        let [logit, mu, sigma] = &mut out;
        Scorer::new(model).predict(&inputs, ParamsOut { logit, mu, sigma }).unwrap();
        out
    }
}

fn pairs(options: &[(&str, OptionValue)]) -> impl Iterator<Item = (String, OptionValue)> {
    options.iter().map(|(name, value)| ((*name).to_owned(), value.clone()))
}

/// Evenly spread numbers in (0, 1) that look random.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64 + 0.5) / (1_u64 << 31) as f64
    }

    /// Nearly normal, with mean 0 and variance 1.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }

    pub fn normals(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.normal()).collect()
    }
}
