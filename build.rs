//! Lets the Rust tests link when they are built from the dependencies of the Python package.

fn main() {
    println!("cargo::rerun-if-env-changed=PYO3_BUILD_EXTENSION_MODULE");
    // Beside pyo3-polars, Polars refers to Python's C interface, which the interpreter brings when it loads the
    // extension module. A Rust program has no interpreter, and never calls it.
    let beside_python = std::env::var_os("PYO3_BUILD_EXTENSION_MODULE").is_some()
        && std::env::var_os("CARGO_FEATURE_POLARS").is_some();
    if !beside_python {
        return;
    }
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => println!("cargo::rustc-link-arg=-Wl,-undefined,dynamic_lookup"),
        Ok("linux") => println!("cargo::rustc-link-arg=-Wl,--unresolved-symbols=ignore-all"),
        _ => {}
    }
}
