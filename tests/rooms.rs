//! The rooms of the code import what `CONTRIBUTING.md` says they may, and nothing else.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Files beside the rooms that every room may import.
const COMMON: [&str; 6] = ["error", "guard", "record", "Error", "Result", "{Error, Result}"];

/// What only the adapters may import.
const ENGINES: [&str; 3] = ["arrow", "datafusion", "polars"];

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The rooms of the table in `CONTRIBUTING.md`: the folder of their code, and the rooms and engines it may import.
fn rooms() -> BTreeMap<String, BTreeSet<String>> {
    let text = read("CONTRIBUTING.md");
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let room = cells.get(1)?.strip_prefix('`')?.strip_suffix("/`")?;
        let folder = match room {
            _ if room.starts_with("src/") => room.to_owned(),
            // Packages of their own.
            "python" | "cluster" => format!("{room}/src"),
            _ => return None,
        };
        let names = cells.get(3)?.split('`').skip(1).step_by(2);
        Some((folder, names.map(str::to_owned).collect()))
    });
    rows.collect()
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

/// The lines of a file without comments, which may speak of anything.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| line.split_once(" // ").map_or(line, |(code, _)| code))
}

fn is_in_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The name, or the names in braces, that a path goes on with.
fn next_name(path: &str) -> String {
    let end = if path.starts_with('{') {
        path.find('}').map_or(path.len(), |end| end + 1)
    } else {
        path.find(|c| !is_in_name(c)).unwrap_or(path.len())
    };
    path[..end].to_owned()
}

/// The names behind a path in the code of a file.
fn names_behind(path: &str, text: &str) -> BTreeSet<String> {
    code(text).flat_map(|line| line.split(path).skip(1)).map(next_name).collect()
}

/// What each path in a line begins with, and what it goes on with.
fn paths(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.match_indices("::").filter_map(|(end, _)| {
        let before = line[..end].trim_end_matches(is_in_name);
        let root = &line[before.len()..end];
        (!root.is_empty() && !before.ends_with("::")).then(|| (root, &line[end + 2..]))
    })
}

/// The crate that a line imports as a whole.
fn whole_crate(line: &str) -> Option<(&str, &str)> {
    let (before, used) = line.split_once("use ")?;
    let name = used.trim_end_matches(|c| !is_in_name(c)).split(" as ").next()?;
    let is_item = before.trim().is_empty() || before.trim_start().starts_with("pub");
    (is_item && name.chars().all(is_in_name)).then_some((name, ""))
}

/// What the code of a file imports, by a `use` or by a path: engines, and rooms of the crate that the file calls `home`.
fn imports(home: &str, text: &str) -> BTreeSet<String> {
    let import = |(root, rest): (&str, &str)| {
        let engine = ENGINES.iter().find(|name| root.starts_with(**name));
        if root == home { Some(next_name(rest)) } else { engine.map(|name| (*name).to_owned()) }
    };
    code(text).flat_map(|line| paths(line).chain(whole_crate(line))).filter_map(import).collect()
}

#[test]
fn each_room_imports_what_it_may() {
    let mut wrong = Vec::new();
    for (folder, mut allowed) in rooms() {
        let room = folder.strip_prefix("src/");
        allowed.extend(room.map(str::to_owned));
        let home = if room.is_some() { "crate" } else { "ziln" };
        let mut paths = Vec::new();
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder), &mut paths);
        for path in paths {
            let others = imports(home, &read(&path));
            let may = |name: &&String| allowed.contains(*name) || COMMON.contains(&name.as_str());
            let refused = others.iter().filter(|name| !may(name));
            wrong.extend(refused.map(|name| format!("{} imports {name}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn imports_are_found() {
    let text = "//! [`fit`](crate::fit)\nuse crate::math::exp;\n    pub use polars_arrow::x;\nuse crate::{Error, Result};\n\
        let x = crate::net::y(crate::model::z);\n";
    let found = |text: &str| imports("crate", text).into_iter().collect::<Vec<_>>();
    assert_eq!(found(text), ["math", "model", "net", "polars", "{Error, Result}"]);
    assert_eq!(found("pub(crate) use polars::prelude::Series;"), ["polars"]);
    assert_eq!(found("    pub(in crate::fit) use crate::model::Model;"), ["fit", "model"]);
    assert_eq!(
        found("fn of(series: &polars::series::Series) -> arrow_array::ArrayRef {"),
        ["arrow", "polars"]
    );
    assert_eq!(found("let x = \"é\"; datafusion_common::exec_err!()"), ["datafusion"]);
    assert_eq!(found("pub(crate) use datafusion;"), ["datafusion"]);
    assert_eq!(found("use polars as columns;"), ["polars"]);
    assert_eq!(found("use ziln::udf; // and crate::fit"), [""; 0]);
    let of_package =
        imports("ziln", "use crate::math;\nuse ziln::udf::PassQueries; // and ziln::fit");
    assert_eq!(of_package.into_iter().collect::<Vec<_>>(), ["udf"]);
    assert_eq!(found("let y = self::polars::x + super::arrow; let use_polars = 1;"), [""; 0]);
}

#[test]
fn every_room_of_the_table_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let said = rooms();
    for folder in said.keys() {
        assert!(root.join(folder).is_dir(), "{folder}");
    }
    // The programs have what the shell has.
    let folders = fs::read_dir(root.join("src")).unwrap().map(|entry| entry.unwrap().path());
    for folder in folders.filter(|path| path.is_dir() && !path.ends_with("bin")) {
        let name = folder.strip_prefix(root).unwrap().to_str().unwrap();
        assert!(said.contains_key(name), "{name} is not in the table");
    }
}

#[test]
fn the_rooms_of_training_say_what_they_import() {
    let all = rooms();
    let fit = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/fit");
    let entries: Vec<PathBuf> =
        fs::read_dir(&fit).unwrap().map(|entry| entry.unwrap().path()).collect();
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let of_fit: BTreeSet<String> = entries.iter().map(|path| name(path)).collect();
    let mut wrong = Vec::new();
    for room in entries.iter().filter(|path| path.is_dir()) {
        let text = read(room.join("mod.rs"));
        let paragraph = text.split("//!\n").find(|part| part.contains("//! Imports")).unwrap_or("");
        let said: BTreeSet<&str> = paragraph.split('`').skip(1).step_by(2).collect();
        let mut paths = Vec::new();
        files(room, &mut paths);
        let mut found = BTreeSet::new();
        for path in paths {
            let text = read(path);
            found.extend(names_behind("crate::fit::", &text).intersection(&of_fit).cloned());
            found.extend(
                names_behind("crate::", &text)
                    .into_iter()
                    .filter(|name| all.contains_key(&format!("src/{name}"))),
            );
        }
        let own = [name(room), "fit".to_owned()];
        let found: BTreeSet<&str> =
            found.iter().filter(|name| !own.contains(name)).map(String::as_str).collect();
        if found != said {
            wrong.push(format!("{}: imports {found:?}, says {said:?}", room.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
