//! The public interface of the core, item by item: a change of it shows in `tests/data/public_api.txt`.
//!
//! `ZILN_PIN=1 cargo test --test public_api` writes the file anew. The interface is read from rustdoc's JSON, whose form
//! changes with the compiler: with another than the one that `public-api` knows, there is nothing to compare.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

/// The version of rustdoc's JSON that the `public-api` among the dependencies reads.
const KNOWN_FORMAT: u64 = 57;

const LISTED: &str = "tests/data/public_api.txt";

/// Has rustdoc describe the core in a folder of its own, and returns the file's path.
fn described(folder: &Path) -> std::path::PathBuf {
    let status = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["rustdoc", "--quiet", "--package", "ziln", "--no-default-features", "--lib"])
        .arg("--target-dir")
        .arg(folder)
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        // The option is one of the nightly compiler's.
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("RUSTDOCFLAGS")
        .status()
        .unwrap();
    assert!(status.success(), "rustdoc ended with {status}");
    folder.join("doc/ziln.json")
}

#[test]
fn the_public_interface_is_the_listed_one() {
    let file = described(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("public_api"));
    let json: serde_json::Value =
        serde_json::from_reader(std::io::BufReader::new(std::fs::File::open(&file).unwrap()))
            .unwrap();
    let format = json["format_version"].as_u64();
    if format != Some(KNOWN_FORMAT) {
        println!(
            "not compared: this compiler's description has format {format:?}, {KNOWN_FORMAT} is known"
        );
        return;
    }
    let interface = public_api::Builder::from_rustdoc_json(file)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .unwrap()
        .to_string();
    if std::env::var_os("ZILN_PIN").is_some() {
        std::fs::write(LISTED, &interface).unwrap();
    }
    let listed = std::fs::read_to_string(LISTED).unwrap();
    let (now, then): (Vec<&str>, Vec<&str>) =
        (interface.lines().collect(), listed.lines().collect());
    let new: Vec<_> = now.iter().filter(|line| !then.contains(line)).collect();
    let gone: Vec<_> = then.iter().filter(|line| !now.contains(line)).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "new: {new:#?}, gone: {gone:#?}; if that is wanted, ZILN_PIN=1 cargo test --test public_api lists it"
    );
}
