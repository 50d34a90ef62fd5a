//! The queries of a training by passes: texts of SQL, of which one is run a pass.
//!
//! Whoever runs them, in Rust or in Python, has the loop alone. Names and values stand in them as SQL quotes them;
//! expressions stand as they were given.

use std::sync::atomic::{AtomicU64, Ordering};

use super::fit::{NewtonStart, Solver};
use super::newton_step;
use crate::fit::OptionValue;

/// What a training by passes reads and makes, and the queries of it.
#[derive(Debug, Clone)]
pub struct PassQueries {
    /// A table's name, or a query in parentheses.
    pub rows: String,
    /// The label, an expression over the columns of the rows.
    pub label: String,
    /// The features, such as `{recency: recency}`.
    pub features: String,
    /// How often a row counts.
    pub weight: Option<String>,
    /// The names of the columns by which rows are grouped.
    pub by: Vec<String>,
    /// The options of `ziln_newton_start`, a constant struct.
    pub options: Option<String>,
    /// The name of the table in which [`open`](Self::open) and [`step`](Self::step) find the models so far.
    pub models: String,
}

impl PassQueries {
    /// A name for the table of models that no other training of this process has.
    pub fn models_table() -> String {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        format!("__ziln_passes_{}", CALLS.fetch_add(1, Ordering::Relaxed))
    }

    /// Features that are columns, under their names.
    pub fn struct_of_columns(names: &[String]) -> String {
        let fields = names.iter().map(|name| format!("{}: {}", text(name), identifier(name)));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
    }

    /// Options as a constant struct; `NULL` where there is none.
    pub fn struct_of_options(pairs: &[(String, OptionValue)]) -> String {
        if pairs.is_empty() {
            return "NULL".to_owned();
        }
        let fields =
            pairs.iter().map(|(name, value)| format!("{}: {}", text(name), literal(value)));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
    }

    /// The columns by which rows are grouped, as the results of the queries call them: by their indices.
    pub fn keys(&self) -> Vec<String> {
        (0..self.by.len()).map(|index| format!("__k{index}")).collect()
    }

    /// The models that a training begins with: [`keys`](Self::keys), and `model`.
    pub fn start(&self) -> String {
        let options = self.options.as_deref().unwrap_or("NULL");
        let name = NewtonStart::NAME;
        let start = format!("{name}(__label, __features, __weight, {options}) AS model");
        let columns = self.selected("", &start);
        format!("SELECT {columns} FROM {}{}", self.prepared(), self.grouped(""))
    }

    /// The models that have more passes to come, or the others.
    pub fn open(&self, is_open: bool) -> String {
        let not = if is_open { "" } else { "NOT " };
        let reason = "coalesce(ziln_model_info(model)['stop_reason'] = 'unfinished', false)";
        let columns = self.selected("", "model");
        format!("SELECT {columns} FROM {} WHERE {not}{reason}", self.models)
    }

    /// The models after one more pass over the rows of their groups.
    pub fn step(&self) -> String {
        // In parentheses, as the right side of this operator would take in what follows.
        let same = |key| format!("(__r.{key} IS NOT DISTINCT FROM __m.{key})");
        let all: Vec<String> = self.keys().into_iter().map(same).collect();
        // The models first: it is the table on the left of a join that is held.
        let rows = self.prepared();
        let join = match all.as_slice() {
            [] => format!("CROSS JOIN {rows} AS __r"),
            all => format!("JOIN {rows} AS __r ON {}", all.join(" AND ")),
        };
        let name = newton_step::NAME;
        let step = format!("{name}(__r.__label, __r.__features, __m.model, __r.__weight) AS model");
        let columns = self.selected("__r.", &step);
        format!("SELECT {columns} FROM {} AS __m {join}{}", self.models, self.grouped("__r."))
    }

    /// The rows as the functions take them.
    fn prepared(&self) -> String {
        let weight = self.weight.as_deref().unwrap_or("NULL");
        let values = [(&*self.label, "label"), (&self.features, "features"), (weight, "weight")];
        let values = values.map(|(value, name)| format!("{value} AS __{name}"));
        let by = self.by.iter().zip(self.keys());
        let by = by.map(|(name, key)| format!("{} AS {key}", identifier(name)));
        let columns: Vec<String> = values.into_iter().chain(by).collect();
        format!("(SELECT {} FROM {} AS __all)", columns.join(", "), self.rows)
    }

    /// The columns by which rows are grouped, and what comes behind them.
    fn selected(&self, table: &str, last: &str) -> String {
        let keys = self.keys().into_iter().map(|key| format!("{table}{key}"));
        keys.chain([last.to_owned()]).collect::<Vec<_>>().join(", ")
    }

    /// `GROUP BY`, if there is anything to group by.
    fn grouped(&self, table: &str) -> String {
        let keys: Vec<String> = self.keys().iter().map(|key| format!("{table}{key}")).collect();
        if keys.is_empty() { String::new() } else { format!(" GROUP BY {}", keys.join(", ")) }
    }
}

/// A name as SQL quotes it, whatever it has in it.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL quotes it.
fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The value of an option as a constant.
fn literal(value: &OptionValue) -> String {
    match value {
        OptionValue::Null => "NULL".to_owned(),
        OptionValue::Bool(value) => value.to_string(),
        OptionValue::Integer(value) => value.to_string(),
        OptionValue::Number(value) if value.is_finite() => format!("{value:?}"),
        // SQL has no words for these.
        OptionValue::Number(value) => format!("CAST('{value}' AS DOUBLE)"),
        OptionValue::Text(value) => text(value),
        OptionValue::List(values) => {
            format!("[{}]", values.iter().map(literal).collect::<Vec<_>>().join(", "))
        }
        OptionValue::Model(model) => text(&model.to_json()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queries(by: &[&str]) -> PassQueries {
        PassQueries {
            rows: "customers".to_owned(),
            label: "ltv".to_owned(),
            features: "{visits: visits}".to_owned(),
            weight: None,
            by: by.iter().map(|&name| name.to_owned()).collect(),
            options: None,
            models: "m".to_owned(),
        }
    }

    #[test]
    fn of_all_rows() {
        let queries = queries(&[]);
        let rows = "(SELECT ltv AS __label, {visits: visits} AS __features, NULL AS __weight \
                    FROM customers AS __all)";
        assert_eq!(
            queries.start(),
            format!(
                "SELECT ziln_newton_start(__label, __features, __weight, NULL) AS model FROM {rows}"
            )
        );
        assert_eq!(
            queries.step(),
            format!(
                "SELECT ziln_newton_step(__r.__label, __r.__features, __m.model, __r.__weight) AS model \
                 FROM m AS __m CROSS JOIN {rows} AS __r"
            )
        );
        let reason = "coalesce(ziln_model_info(model)['stop_reason'] = 'unfinished', false)";
        assert_eq!(queries.open(true), format!("SELECT model FROM m WHERE {reason}"));
        assert_eq!(queries.open(false), format!("SELECT model FROM m WHERE NOT {reason}"));
    }

    #[test]
    fn of_groups() {
        let weighted = PassQueries {
            weight: Some("w + 1".to_owned()),
            options: Some("{max_rows: 3}".to_owned()),
            ..queries(&["Campaign", "a\"b"])
        };
        let rows = "(SELECT ltv AS __label, {visits: visits} AS __features, w + 1 AS __weight, \
                    \"Campaign\" AS __k0, \"a\"\"b\" AS __k1 FROM customers AS __all)";
        assert_eq!(weighted.keys(), ["__k0", "__k1"]);
        assert_eq!(
            weighted.start(),
            format!(
                "SELECT __k0, __k1, \
                 ziln_newton_start(__label, __features, __weight, {{max_rows: 3}}) AS model \
                 FROM {rows} GROUP BY __k0, __k1"
            )
        );
        assert_eq!(
            weighted.step(),
            format!(
                "SELECT __r.__k0, __r.__k1, \
                 ziln_newton_step(__r.__label, __r.__features, __m.model, __r.__weight) AS model \
                 FROM m AS __m JOIN {rows} AS __r ON (__r.__k0 IS NOT DISTINCT FROM __m.__k0) \
                 AND (__r.__k1 IS NOT DISTINCT FROM __m.__k1) GROUP BY __r.__k0, __r.__k1"
            )
        );
    }

    #[test]
    fn names_and_values_are_quoted() {
        let names = ["z\"".to_owned(), "it's".to_owned()];
        assert_eq!(PassQueries::struct_of_columns(&names), r#"{'z"': "z""", 'it''s': "it's"}"#);
        assert_eq!(PassQueries::struct_of_options(&[]), "NULL");
        let values = [
            (OptionValue::Null, "NULL"),
            (OptionValue::Bool(true), "true"),
            (OptionValue::Integer(-3), "-3"),
            (OptionValue::Number(1e-9), "1e-9"),
            (OptionValue::Number(20.0), "20.0"),
            (OptionValue::Number(f64::NAN), "CAST('NaN' AS DOUBLE)"),
            (OptionValue::Number(f64::NEG_INFINITY), "CAST('-inf' AS DOUBLE)"),
            (OptionValue::Text("o'clock".to_owned()), "'o''clock'"),
            (OptionValue::List(vec![OptionValue::Null, OptionValue::Integer(1)]), "[NULL, 1]"),
        ];
        for (value, expected) in values {
            let options = PassQueries::struct_of_options(&[("l'2".to_owned(), value)]);
            assert_eq!(options, format!("{{'l''2': {expected}}}"));
        }
    }

    #[test]
    fn every_training_has_a_table_of_its_own() {
        assert_ne!(PassQueries::models_table(), PassQueries::models_table());
    }
}
