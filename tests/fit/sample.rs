//! Option `max_rows`: a sample that does not depend on the order of the rows.

use ziln::fit::{NewtonOptions, OptionValue, Options, RowId, Sample, Seen, fit, fit_prior};

use crate::data::{Data, Feature};

/// Rows with levels, copies, missing numbers and labels that cannot be used.
fn data(rows: usize) -> Data {
    let label = (0..rows).map(|row| match row % 50 {
        0 => f64::NAN,
        n if n % 3 == 0 => 1.0 + (row * 7 % 41) as f64,
        _ => 0.0,
    });
    let number =
        (0..rows).map(|row| if row % 11 == 0 { f64::NAN } else { (row * 31 % 997) as f64 });
    let levels = (0..rows).map(|row| row as u32 % 3).collect();
    Data {
        label: label.collect(),
        weight: None,
        features: vec![
            Feature::Numbers(number.collect()),
            Feature::Levels(levels, ["a", "b", "c"].map(str::to_owned).to_vec()),
        ],
    }
}

fn options(max_rows: u64) -> Options {
    Options::builder().epochs(2).max_rows(max_rows).build().unwrap()
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let data = data(3000);
    let there: Vec<u32> = (0..3000).collect();
    let back: Vec<u32> = there.iter().rev().copied().collect();
    let model = data.fit_rows(&there, &options(100)).unwrap().unwrap();
    let other = data.fit_rows(&back, &options(100)).unwrap().unwrap();
    assert_eq!(model.to_json(), other.to_json());
    let training = model.training();
    assert_eq!((training.rows, training.rows_seen), (100, Some(2940)));
    assert_eq!((training.skipped_labels, model.options().max_rows), (60, Some(100)));
}

#[test]
fn an_adapter_may_draw_the_sample() {
    let data = data(3000);
    let expected = data.fit(&[("max_rows", OptionValue::Integer(100)), ("epochs", 2_u64.into())]);
    let drawn = data.with_table(|table, rows| {
        let label = |row: &&RowId| data.label[row.row as usize].is_finite();
        let usable: Vec<RowId> = rows.iter().filter(label).copied().collect();
        // Part by part.
        let mut kept = Vec::new();
        for part in usable.chunks(700) {
            kept.extend(Sample::of(table, part, 0, 100).rows);
        }
        let seen = Seen { rows: 2940, skipped: 60 };
        fit(table, &kept, &options(100).with_seen(seen)).unwrap()
    });
    assert_eq!(drawn.unwrap().to_json(), expected.unwrap().to_json());
}

#[test]
fn another_seed_is_another_sample() {
    let fit = |seed: u64| {
        let options = [("max_rows", OptionValue::Integer(100)), ("seed", seed.into())];
        data(3000).fit(&options).unwrap().training().train_loss
    };
    assert!((fit(1) - fit(2)).abs() > 1e-9);
}

#[test]
fn every_campaign_has_a_sample() {
    let data = data(3000);
    let options = [("max_rows".to_owned(), OptionValue::Integer(100))];
    let options = NewtonOptions::from_pairs(options).unwrap();
    // A large campaign, a small one, and one that is smaller than a sample.
    let campaigns: Vec<u32> =
        (0..3000).map(|row| u32::from(row > 2000) + u32::from(row > 2950)).collect();
    let prior = data
        .with_table(|table, rows| fit_prior(table, rows, &campaigns, &options))
        .unwrap()
        .unwrap();
    // The last 49 rows all have a label.
    let training = prior.training();
    assert_eq!((training.rows, training.rows_seen), (200 + 49, Some(2940)));
    let (there, back): (Vec<RowId>, Vec<RowId>) =
        data.with_table(|_, rows| (rows.to_vec(), rows.iter().rev().copied().collect()));
    let renamed = |rows: &[RowId]| -> Vec<u32> {
        rows.iter().map(|row| 9 - campaigns[row.row as usize]).collect()
    };
    let of = |rows: &[RowId]| {
        data.with_table(|table, _| fit_prior(table, rows, &renamed(rows), &options))
            .unwrap()
            .unwrap()
    };
    assert_eq!(of(&there).to_json(), prior.to_json());
    assert_eq!(of(&back).to_json(), prior.to_json());
}
