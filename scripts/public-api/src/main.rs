//! Compares the public interface of a crate, item by item, with a list: a change of it has to be meant.
//!
//! `public-api-of-ziln DESCRIPTION LIST [--write]`: DESCRIPTION is the crate in rustdoc's JSON. With `--write` the list is
//! written anew. The JSON's form changes with the compiler: in a form that is not known, nothing is compared, and a line
//! says so.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

/// The form of rustdoc's JSON that [`public_api`] reads in the version that this package asks for.
const KNOWN_FORM: u64 = 57;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (description, list, writes) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [description, list] => (description, list, false),
        [description, list, "--write"] => (description, list, true),
        _ => return Err("usage: public-api-of-ziln DESCRIPTION LIST [--write]".into()),
    };
    let form = form_of(Path::new(description))?;
    if form != Some(KNOWN_FORM) {
        eprintln!("not compared: this compiler writes form {form:?} of rustdoc's JSON, {KNOWN_FORM} is known");
        return Ok(ExitCode::SUCCESS);
    }
    let interface = interface_of(Path::new(description))?;
    if writes {
        std::fs::write(list, interface)?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(compare(&interface, &std::fs::read_to_string(list)?, list))
}

fn form_of(description: &Path) -> Result<Option<u64>, Box<dyn Error>> {
    let json: serde_json::Value = serde_json::from_reader(BufReader::new(File::open(description)?))?;
    Ok(json["format_version"].as_u64())
}

/// A line an item, without what the compiler adds by itself.
fn interface_of(description: &Path) -> Result<String, Box<dyn Error>> {
    let api = public_api::Builder::from_rustdoc_json(description)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()?;
    Ok(api.to_string())
}

fn compare(interface: &str, listed: &str, list: &str) -> ExitCode {
    let (now, then): (BTreeSet<_>, BTreeSet<_>) = (interface.lines().collect(), listed.lines().collect());
    for new in now.difference(&then) {
        eprintln!("+ {new}");
    }
    for gone in then.difference(&now) {
        eprintln!("- {gone}");
    }
    if now == then {
        return ExitCode::SUCCESS;
    }
    eprintln!("the public interface is not that of {list}; if that is meant: make public-api");
    ExitCode::FAILURE
}
