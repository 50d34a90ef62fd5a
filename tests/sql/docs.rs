//! Every SQL example of the documentation runs, and prints what it says.

use std::path::{Path, PathBuf};

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::error::Result;
use datafusion::logical_expr::{AggregateUDF, Documentation, ScalarUDF};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::DFParser;

use crate::session::{function_names, rows, session};

// --- the functions' own documentation ----------------------------------------------------------------------------

fn documentation(context: &SessionContext, name: &str) -> Documentation {
    let state = context.state();
    let scalar = state.scalar_functions().get(name).and_then(|f| ScalarUDF::documentation(f));
    let aggregate =
        state.aggregate_functions().get(name).and_then(|f| AggregateUDF::documentation(f));
    scalar.or(aggregate).cloned().unwrap_or_else(|| panic!("{name} is not documented"))
}

#[tokio::test]
async fn examples_of_the_functions() {
    let mut wrong = Vec::new();
    for name in &function_names() {
        let documentation = documentation(&session(1, 8192), name);
        let examples = examples(documentation.sql_example.as_deref().unwrap_or_default());
        if examples.iter().all(|(query, _)| !query.contains(name)) {
            wrong.push(format!("{name} has no example"));
        }
        let context = session(1, 8192);
        for (query, expected) in examples {
            match printed(&context, &query).await {
                Ok(printed) if printed == expected => {}
                Ok(printed) => {
                    wrong.push(format!("{name}: {query}\nprints\n{printed}\nnot\n{expected}"));
                }
                Err(error) => wrong.push(format!("{name}: {query}\n{error}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The queries after the prompt `> `, to their semicolon, and what is printed after each.
fn examples(text: &str) -> Vec<(String, String)> {
    let mut examples: Vec<(String, String)> = Vec::new();
    let mut in_query = false;
    for line in text.lines().filter(|line| !line.starts_with("```")) {
        if let Some(start) = line.strip_prefix("> ").filter(|_| !in_query) {
            examples.push((start.to_owned(), String::new()));
            in_query = !start.trim_end().ends_with(';');
            continue;
        }
        let Some((query, printed)) = examples.last_mut() else { continue };
        let target = if in_query { query } else { printed };
        if !target.is_empty() && !line.trim().is_empty() {
            target.push('\n');
        }
        target.push_str(line.trim_end());
        in_query &= !line.trim_end().ends_with(';');
    }
    examples
}

#[tokio::test]
async fn every_argument_is_documented() {
    for name in &function_names() {
        let documentation = documentation(&session(1, 8192), name);
        assert!(documentation.syntax_example.starts_with(&format!("{name}(")), "{name}");
        assert!(!documentation.description.trim().is_empty(), "{name}");
        let inside = documentation.syntax_example.trim_start_matches(name);
        let arguments = documentation.arguments.unwrap_or_default();
        assert!(!arguments.is_empty(), "{name}");
        for (argument, text) in &arguments {
            let words: Vec<&str> =
                inside.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            assert!(words.contains(&argument.as_str()), "{name}: `{argument}` is not in {inside}");
            assert!(!text.trim().is_empty(), "{name}: {argument}");
        }
    }
}

#[tokio::test]
async fn show_functions_lists_all() {
    let context = session(1, 8192);
    let listed = rows(&context, "SHOW FUNCTIONS LIKE 'ziln%'").await;
    let mut names: Vec<&str> =
        listed.iter().filter_map(|row| row[0].try_as_str().flatten()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, function_names());
}

// --- pages -------------------------------------------------------------------------------------------------------

/// The folder that pages write to and read from, relative to where a person runs them.
const OUTPUT: &str = "'output/";

/// README.md and docs/*.md. Each has a folder of its own in the place of [`OUTPUT`].
#[tokio::test]
async fn pages() {
    let mut wrong = Vec::new();
    let mut blocks = 0;
    for page in all_pages() {
        let text = std::fs::read_to_string(&page).expect("a page");
        let folder = tempfile::tempdir().expect("a folder");
        let output = format!("'{}/", folder.path().display());
        let name = page.file_name().and_then(|name| name.to_str()).expect("a name");
        let found = blocks_of(&text.replace(OUTPUT, &output));
        blocks += found.len();
        wrong.extend(run_page(name, &found).await);
        let writes = found.iter().any(|block| block.sql.contains("COPY"));
        let written = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(writes, written > 0, "{name} writes elsewhere");
    }
    assert!(blocks > 0);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn all_pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).expect("docs");
    let mut pages: Vec<PathBuf> = docs
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.push(root.join("README.md"));
    pages.sort();
    pages
}

/// Tables that a page speaks of without making them.
fn prepare(page: &str) -> &'static str {
    match page {
        "metrics.md" => {
            "CREATE TABLE scored AS
             SELECT value % 3 AS campaign, ltv, ziln_params(0.4, 2, 1) AS params, value % 10 AS prediction
             FROM (SELECT value, value * 7 % 5 - 1.0 AS ltv FROM generate_series(1, 100))"
        }
        _ => "",
    }
}

/// A fenced block of SQL.
struct Block {
    line: usize,
    sql: String,
    /// The table in the next block, if it comes right after this one.
    printed: Option<String>,
}

async fn run_page(page: &str, blocks: &[Block]) -> Vec<String> {
    let context = session(2, 8192).enable_url_table();
    let mut wrong = Vec::new();
    let setup = prepare(page);
    if !setup.is_empty() {
        printed(&context, setup).await.unwrap_or_else(|error| panic!("{page}: {error}"));
    }
    for Block { line, sql, printed: expected } in blocks {
        match (printed(&context, sql).await, expected) {
            (Ok(printed), Some(expected)) if printed != *expected => {
                wrong.push(format!("{page}:{line} prints\n{printed}\nnot\n{expected}"));
            }
            (Ok(_), _) => {}
            (Err(error), _) => wrong.push(format!("{page}:{line}: {error}\n{sql}")),
        }
    }
    wrong
}

fn blocks_of(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = text.lines().zip(1..);
    let mut right_after_sql = false;
    while let Some((line, number)) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else {
            right_after_sql &= line.trim().is_empty();
            continue;
        };
        let inside: Vec<&str> = lines
            .by_ref()
            .map(|(line, _)| line)
            .take_while(|line| !line.trim_start().starts_with("```"))
            .collect();
        let content = inside.join("\n");
        if language == "sql" {
            blocks.push(Block { line: number, sql: content, printed: None });
            right_after_sql = true;
            continue;
        }
        if right_after_sql
            && content.starts_with("+-")
            && let Some(block) = blocks.last_mut()
        {
            block.printed = Some(content);
        }
        right_after_sql = false;
    }
    blocks
}

/// Runs statements; what the last one prints.
async fn printed(context: &SessionContext, sql: &str) -> Result<String> {
    let mut result = String::new();
    for statement in DFParser::parse_sql(sql)? {
        let plan = context.state().statement_to_plan(statement).await?;
        let frame = context.execute_logical_plan(plan).await?;
        let columns = frame.schema().fields().len();
        let batches = frame.collect().await?;
        result =
            if columns == 0 { String::new() } else { pretty_format_batches(&batches)?.to_string() };
    }
    Ok(result)
}
