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

/// The rooms of the table in `CONTRIBUTING.md`, each with the rooms and engines it may import.
fn rooms() -> BTreeMap<String, BTreeSet<String>> {
    let text = read("CONTRIBUTING.md");
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let room = cells.get(1)?.strip_prefix("`src/")?.strip_suffix("/`")?;
        let names = cells.get(3)?.split('`').skip(1).step_by(2);
        Some((room.to_owned(), names.map(str::to_owned).collect()))
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

/// The lines of a file that are no comments, which may speak of anything.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The names behind a path in the code of a file.
fn names_behind(path: &str, text: &str) -> BTreeSet<String> {
    let name = |after: &str| {
        let end = if after.starts_with('{') {
            after.find('}').map_or(after.len(), |end| end + 1)
        } else {
            after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len())
        };
        after[..end].to_owned()
    };
    code(text).flat_map(|line| line.split(path).skip(1)).map(name).collect()
}

/// The names behind every `crate::` and the crates of engines in the code of a file.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = names_behind("crate::", text);
    for line in code(text) {
        let used = line.trim_start().trim_start_matches("pub ").strip_prefix("use ");
        let engine = used.and_then(|used| ENGINES.iter().find(|name| used.starts_with(**name)));
        found.extend(engine.map(|name| (*name).to_owned()));
    }
    found
}

#[test]
fn each_room_imports_what_it_may() {
    let rooms = rooms();
    let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let mut wrong = Vec::new();
    for folder in folders.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let room = folder.file_name().unwrap().to_str().unwrap().to_owned();
        if room == "bin" {
            continue;
        }
        let allowed = rooms.get(&room).unwrap_or_else(|| panic!("{room} is not in the table"));
        let mut paths = Vec::new();
        files(&folder, &mut paths);
        for path in paths {
            let others = imports(&fs::read_to_string(&path).unwrap());
            let may = |name: &&String| {
                **name == room || allowed.contains(*name) || COMMON.contains(&name.as_str())
            };
            wrong.extend(
                others
                    .iter()
                    .filter(|name| !may(name))
                    .map(|name| format!("{} imports {name}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn imports_are_found() {
    let text = "//! [`fit`](crate::fit)\nuse crate::math::exp;\n    pub use polars_arrow::x;\nuse crate::{Error, Result};\nlet x = crate::net::y(crate::model::z);\n";
    let found: Vec<String> = imports(text).into_iter().collect();
    assert_eq!(found, ["math", "model", "net", "polars", "{Error, Result}"]);
}

#[test]
fn every_room_of_the_table_is_there() {
    for room in rooms().keys() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
        assert!(folder.is_dir(), "{room}");
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
                names_behind("crate::", &text).into_iter().filter(|name| all.contains_key(name)),
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
