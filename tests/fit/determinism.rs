//! The same content, seed and options give the same model text, however the rows are ordered and cut.

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ziln::fit::{Chunk, FeatureColumn, FeatureValues, OptionValue, Options, RowId, Table, fit};
use ziln::model::Model;

/// Rows as an adapter would own them.
#[derive(Debug, Clone)]
struct Row {
    label: f64,
    weight: f64,
    number: f64,
    level: Option<&'static str>,
}

const LEVELS: [Option<&str>; 4] = [None, Some("a"), Some("b"), Some("")];

fn row() -> impl Strategy<Value = Row> {
    let label = prop_oneof![3 => Just(0.0), 3 => 0.01..100.0, 1 => Just(-2.0), 1 => Just(f64::NAN)];
    let number =
        prop_oneof![4 => -10.0..10.0_f32, 1 => Just(f32::NAN), 1 => Just(0.0), 1 => Just(-0.0)];
    let number = number.prop_map(f64::from);
    let level = (0..LEVELS.len()).prop_map(|index| LEVELS[index]);
    (label, prop_oneof![Just(1.0), Just(2.5)], number, level)
        .prop_map(|(label, weight, number, level)| Row { label, weight, number, level })
}

fn options() -> Options {
    let pairs = [
        ("epochs", OptionValue::Integer(5)),
        ("batch_size", OptionValue::Integer(7)),
        ("keep_state", OptionValue::Bool(true)),
        ("validation_fraction", OptionValue::Number(0.2)),
    ];
    options_of(&pairs)
}

/// With hidden layers.
fn network(batch_size: i64) -> Options {
    let pairs = [
        ("hidden", OptionValue::List(vec![8.into(), 4.into()])),
        ("epochs", OptionValue::Integer(5)),
        ("batch_size", OptionValue::Integer(batch_size)),
        ("keep_state", OptionValue::Bool(true)),
        ("validation_fraction", OptionValue::Number(0.2)),
    ];
    options_of(&pairs)
}

fn options_of(pairs: &[(&str, OptionValue)]) -> Options {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Options::from_pairs(pairs).unwrap()
}

/// Columns of a chunk.
struct Columns {
    label: Vec<f64>,
    weight: Vec<f64>,
    number: Vec<f64>,
    single: Vec<f32>,
    codes: Vec<u32>,
}

/// Fits rows cut into chunks of the given sizes, with the levels numbered from `rotation` on, and numbers that came in
/// single precision in every second chunk, or in all, if levels are rotated.
fn fit_rows(rows: &[Row], sizes: &[usize], rotation: usize, options: &Options) -> Option<String> {
    let mut levels = LEVELS;
    levels.rotate_left(rotation);
    let mut columns: Vec<Columns> = Vec::new();
    let mut rest = rows;
    let mut sizes = sizes.iter().copied().cycle();
    while !rest.is_empty() {
        let (part, after) = rest.split_at(sizes.next().unwrap().min(rest.len()));
        rest = after;
        let code = |row: &Row| levels.iter().position(|level| *level == row.level).unwrap() as u32;
        columns.push(Columns {
            label: part.iter().map(|row| row.label).collect(),
            weight: part.iter().map(|row| row.weight).collect(),
            number: part.iter().map(|row| row.number).collect(),
            single: part.iter().map(|row| row.number as f32).collect(),
            codes: part.iter().map(code).collect(),
        });
    }
    let table = Table {
        features: vec![
            FeatureColumn { name: "number", levels: None },
            FeatureColumn { name: "level", levels: Some(levels.to_vec()) },
        ],
        chunks: columns
            .iter()
            .enumerate()
            .map(|(chunk, columns)| Chunk {
                label: &columns.label,
                weight: Some(&columns.weight),
                features: vec![
                    match rotation {
                        0 => FeatureValues::Numbers(&columns.number),
                        1 if chunk % 2 == 0 => FeatureValues::Numbers(&columns.number),
                        _ => FeatureValues::Singles(&columns.single),
                    },
                    FeatureValues::Codes(&columns.codes),
                ],
            })
            .collect(),
    };
    let ids: Vec<RowId> = columns
        .iter()
        .enumerate()
        .flat_map(|(chunk, columns)| {
            (0..columns.label.len()).map(move |row| RowId { chunk: chunk as u32, row: row as u32 })
        })
        .collect();
    fit(&table, &ids, options).unwrap().map(|model| model.to_json())
}

fn shuffled(rows: &[Row], mut state: u64) -> Vec<Row> {
    let mut shuffled = rows.to_vec();
    for last in (1..shuffled.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        shuffled.swap(last, (state >> 33) as usize % (last + 1));
    }
    shuffled
}

proptest! {
    #[test]
    fn any_order_and_any_chunks_give_the_same_text(
        rows in prop::collection::vec(row(), 1..80),
        sizes in prop::collection::vec(1_usize..20, 1..5),
        rotation in 0_usize..4,
        seed in any::<u64>(),
        has_network in any::<bool>(),
    ) {
        let options = if has_network { network(7) } else { options() };
        let whole = fit_rows(&rows, &[rows.len()], 0, &options);
        let cut = fit_rows(&shuffled(&rows, seed), &sizes, rotation, &options);
        prop_assert_eq!(&whole, &cut);
        if let Some(text) = whole {
            let model = Model::from_json(&text).unwrap();
            prop_assert_eq!(model.to_json(), text);
        }
    }
}

/// Batches of several blocks, which threads work on at once.
#[test]
fn neither_order_nor_chunks_nor_threads_change_a_network() {
    let mut random = StdRng::seed_from_u64(17);
    let rows: Vec<Row> = (0..3000)
        .map(|row| {
            let number = f64::from(random.random_range(-2.0_f32..2.0));
            let level = LEVELS[row % 4];
            // What no linear head follows.
            let pays = random.random_range(0.0..1.0) < if number.abs() > 1.0 { 0.8 } else { 0.2 };
            let amount = random.random_range(1.0..9.0) * if level.is_some() { 2.0 } else { 1.0 };
            let label = if pays { amount } else { 0.0 };
            Row { label, weight: [1.0, 2.5][row % 2], number, level }
        })
        .collect();
    let options = network(1024);
    let whole = fit_rows(&rows, &[rows.len()], 0, &options).unwrap();
    let model = Model::from_json(&whole).unwrap();
    assert!(model.network().unwrap().training.unwrap().best_epoch > 0, "it is the linear model");
    let cuts = [&[3000][..], &[1], &[7, 64, 300], &[1999]];
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        for (rotation, sizes) in cuts.into_iter().enumerate() {
            let rows = shuffled(&rows, rotation as u64);
            let text = pool.install(|| fit_rows(&rows, sizes, rotation, &options)).unwrap();
            assert!(text == whole, "{threads} threads, chunks of {sizes:?}");
        }
    }
}

/// So many rows and numbers that hashing, sorting, packing and both parts of training are each worth several threads.
const MANY_ROWS: usize = 270_000;
const MANY_NUMBERS: usize = 6;

#[test]
fn the_number_of_threads_does_not_matter() {
    let mut random = StdRng::seed_from_u64(11);
    let mut column =
        || -> Vec<f64> { (0..MANY_ROWS).map(|_| random.random_range(-1.0..9.0)).collect() };
    let numbers: [Vec<f64>; MANY_NUMBERS] = std::array::from_fn(|_| column());
    let label: Vec<f64> = column().into_iter().map(|y| if y > 5.0 { y } else { 0.0 }).collect();
    let codes: Vec<u32> = (0..MANY_ROWS as u32).map(|row| row % 4).collect();
    let names = ["a", "b", "c", "d", "e", "f"];
    let mut features: Vec<FeatureColumn> =
        names.iter().map(|name| FeatureColumn { name, levels: None }).collect();
    features.push(FeatureColumn { name: "level", levels: Some(LEVELS.to_vec()) });
    let mut values: Vec<FeatureValues> =
        numbers.iter().map(|column| FeatureValues::Numbers(column)).collect();
    values.push(FeatureValues::Codes(&codes));
    let chunks = vec![Chunk { label: &label, weight: None, features: values }];
    let table = Table { features, chunks };
    let rows: Vec<RowId> = (0..MANY_ROWS as u32).map(|row| RowId { chunk: 0, row }).collect();
    let options = options_of(&[
        ("epochs", OptionValue::Integer(2)),
        ("validation_fraction", OptionValue::Number(0.1)),
    ]);
    let with_threads = |count: usize| {
        let name = move |thread| format!("fit-{count}-{thread}");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).thread_name(name);
        let pool = pool.build().unwrap();
        let text = pool.install(|| fit(&table, &rows, &options).unwrap().unwrap().to_json());
        // Equal texts prove nothing where one thread did everything.
        let busy = busy_threads(&format!("fit-{count}-"));
        assert!(busy.is_none_or(|busy| busy >= count.min(2)), "{busy:?} of {count} threads");
        text
    };
    let one = with_threads(1);
    assert_eq!(one, with_threads(2));
    assert_eq!(one, with_threads(5));
}

/// How many threads of this process whose names begin so have run for 5 ms or more, where the system tells.
fn busy_threads(name: &str) -> Option<usize> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let is_busy = |folder: std::path::PathBuf| {
        let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        let nanoseconds = read("schedstat").split(' ').next().and_then(|n| n.parse::<u64>().ok());
        read("comm").starts_with(name) && nanoseconds.is_some_and(|n| n >= 5_000_000)
    };
    Some(tasks.flatten().filter(|task| is_busy(task.path())).count())
}

/// Many rows are packed in another way than few; where the table has many more rows, as a group of it has, they are not.
#[test]
fn many_rows_of_a_small_table_and_of_a_large_one_give_the_same_text() {
    let rows = 270_000;
    let mut random = StdRng::seed_from_u64(5);
    let mut column = || -> Vec<f64> { (0..rows).map(|_| random.random_range(-1.0..9.0)).collect() };
    let (label, weight, number, other) = (column(), column(), column(), column());
    let label: Vec<f64> = label.into_iter().map(|y| if y > 6.0 { y } else { 0.0 }).collect();
    let weight: Vec<f64> = weight.into_iter().map(|w| w + 2.0).collect();
    let single: Vec<f32> = number.iter().map(|&x| x as f32).collect();
    let number: Vec<f64> = single.iter().map(|&x| f64::from(x)).collect();
    let options = options_of(&[("epochs", OptionValue::Integer(2))]);
    let text = |chunks: Vec<Chunk<'_>>| {
        let ids = chunks.iter().enumerate().flat_map(|(chunk, content)| {
            let (chunk, rows) = (chunk as u32, content.label.len() as u32);
            (0..rows).map(move |row| RowId { chunk, row })
        });
        let ids: Vec<RowId> = ids.take(rows).collect();
        let names = ["a", "b", "c", "d"];
        let features = names.map(|name| FeatureColumn { name, levels: None }).into();
        fit(&Table { features, chunks }, &ids, &options).unwrap().unwrap().to_json()
    };
    let part = |start: usize, end: usize, singles: bool| Chunk {
        label: &label[start..end],
        weight: Some(&weight[start..end]),
        features: vec![
            if singles {
                FeatureValues::Singles(&single[start..end])
            } else {
                FeatureValues::Numbers(&number[start..end])
            },
            FeatureValues::Numbers(&weight[start..end]),
            FeatureValues::Numbers(&other[start..end]),
            FeatureValues::Singles(&single[start..end]),
        ],
    };
    let whole = text(vec![part(0, rows, false)]);
    let cut =
        text(vec![part(0, 1000, true), part(1000, 200_000, false), part(200_000, rows, true)]);
    assert_eq!(whole, cut);
    let of_many = text((0..4).map(|_| part(0, rows, false)).collect());
    assert_eq!(whole, of_many);
}
