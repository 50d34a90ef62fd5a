# Everything runs from a clean clone on a machine with Rust and Python 3.11 or newer, and sets itself up.

PYTHON ?= python3
VENV ?= $(CURDIR)/.venv
# A machine that builds often can set this to a folder that outlives the clone.
export CARGO_TARGET_DIR ?= $(CURDIR)/target

export VIRTUAL_ENV := $(VENV)
export PATH := $(VENV)/bin:$(PATH)

# What the Rust tests are built of: all packages, the extension module without its Python. (Polars is compiled for them
# once more, without Python; DataFusion is not, see python/Cargo.toml.)
TESTED := -p ziln -p ziln-python -p ziln-cluster --no-default-features --features cli,polars-lazy
# The environment that maturin gives to cargo: with another, pyo3 and all of the module's Polars would count as changed.
MODULE_ENV = PYO3_PYTHON=$(VENV)/bin/python PYTHON_SYS_EXECUTABLE=$(VENV)/bin/python PYO3_BUILD_EXTENSION_MODULE=1 \
	PYO3_ENVIRONMENT_SIGNATURE=$$(python -c 'import sys; print("cpython-%d.%d-64bit" % sys.version_info[:2])') \
	PYO3_CONFIG_FILE=$$(ls $(CARGO_TARGET_DIR)/maturin/pyo3-config-*.txt)

.PHONY: help demo cluster test test-rust test-python lint format docs bench reports clean

help:
	@echo 'make demo     train and score models on 23,570 real customers'
	@echo 'make cluster  the same in SQL on two workers of a cluster, on this machine'
	@echo 'make test     run every test, Rust and Python'
	@echo 'make lint     check formatting, lints, types and documentation'
	@echo 'make format   format Rust and Python'
	@echo 'make public-api  list the public interface anew (tests/data/public_api.txt)'
	@echo 'make docs     build the documentation site, output/site/index.html'
	@echo 'make bench    measure against other systems, linear models and networks (builds in release mode first)'
	@echo 'make reports  write docs/report-*.md anew'

# --- set-up -------------------------------------------------------------------------------------------------------

# What the build needs comes first, and the rest while it compiles.
$(VENV)/.begun: requirements-build.txt
	@echo '==> making a virtual environment in .venv'
	$(PYTHON) -m venv $(VENV)
	pip install --quiet --disable-pip-version-check -r requirements-build.txt
	@touch $@

$(VENV)/.installed: $(VENV)/.begun requirements-dev.txt requirements-data.txt
	pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	pip install --quiet --disable-pip-version-check --no-deps -r requirements-data.txt
	@touch $@

$(VENV)/.docs: requirements-docs.txt $(VENV)/.installed
	pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	@touch $@

# Drives a browser in tests of pages, which are skipped where there is none.
BROWSER := $(firstword $(foreach name,chromium chromium-browser google-chrome google-chrome-stable,\
	$(shell command -v $(name) 2>/dev/null)))
$(VENV)/.browser: requirements-browser.txt $(VENV)/.installed
	pip install --quiet --disable-pip-version-check -r requirements-browser.txt
	@touch $@

# The Python package with the extension module and the command `ziln`. Cargo knows what is to do again.
.PHONY: build module
build: $(VENV)/.begun
	@echo '==> building (the first time about 8 minutes on 2 cores)'
	@$(MAKE) --no-print-directory --jobs=2 $(VENV)/.installed module

module: $(VENV)/.begun
	maturin develop --profile dev

# --- the main job -------------------------------------------------------------------------------------------------

demo: build
	@mkdir -p data output
	@echo '==> 1. the purchases of 23,570 customers as Parquet'
	python scripts/cdnow_to_parquet.py data/cdnow.parquet
	@echo '==> 2. SQL: features, training, scoring, report (sql/cdnow.sql)'
	ziln --quiet --file sql/cdnow.sql
	@echo '==> 3. the same in Polars (examples/polars_quickstart.py)'
	python examples/polars_quickstart.py
	@echo '==> 4. pictures of the scored customers, and a page about all of them'
	python scripts/plots.py

# --- the cluster ---------------------------------------------------------------------------------------------------

data/cdnow.parquet: | build
	@mkdir -p data
	python scripts/cdnow_to_parquet.py $@

# Of the same parts as the module, which are compiled already.
cluster: build data/cdnow.parquet
	@mkdir -p output
	@echo '==> building the cluster'
	@$(MODULE_ENV) cargo build --quiet -p ziln-python -p ziln-cluster --no-default-features --features ziln-python/python \
		--bin ziln-cluster
	@ln -sf $(CARGO_TARGET_DIR)/debug/ziln-cluster $(VENV)/bin/ziln-cluster
	@echo '==> sql/cdnow.sql on two workers'
	scripts/cluster.sh --quiet --file sql/cdnow.sql

# --- checks -------------------------------------------------------------------------------------------------------

# Python's tests have the processors that the compiler and the Rust tests leave idle.
test: build data/cdnow.parquet $(if $(BROWSER),$(VENV)/.browser)
	@echo '==> Rust and Python tests, side by side: what each has to say comes when it is done'
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target --keep-going rust-tests python-tests

test-rust: data/cdnow.parquet
	@$(MAKE) --no-print-directory rust-tests

test-python: build $(if $(BROWSER),$(VENV)/.browser)
	@$(MAKE) --no-print-directory python-tests

.PHONY: rust-tests python-tests
rust-tests:
	@echo '==> Rust tests'
	cargo test --quiet $(TESTED)

python-tests:
	@echo '==> Python tests'
	python -m pytest --quiet

# The crate as rustdoc's JSON, and the comparison of what is public in it with a list.
DESCRIBE := RUSTDOC=$(CURDIR)/scripts/json-rustdoc.sh cargo rustdoc --quiet -p ziln --lib --no-default-features \
	--features cli,polars-lazy -- -Z unstable-options --output-format json
PUBLIC_API := cargo run --quiet --locked --manifest-path scripts/public-api/Cargo.toml --target-dir $(CARGO_TARGET_DIR)/public-api \
	-- $(CARGO_TARGET_DIR)/doc/ziln.json tests/data/public_api.txt

lint: build
	@echo '==> rustfmt, clippy, rustdoc'
	cargo fmt --all --check
	cargo clippy --quiet $(TESTED) --all-targets -- -D warnings
	@$(MODULE_ENV) cargo clippy --quiet -p ziln-python --no-default-features --features ziln-python/python --lib \
		-- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --quiet $(TESTED) --no-deps
	@echo '==> the public interface, as listed'
	@$(DESCRIBE)
	@$(PUBLIC_API)
	@echo '==> the core without any engine'
	cargo check --quiet -p ziln --no-default-features --lib
	@echo '==> the archive of the crate, which builds alone'
	cargo package --quiet -p ziln --no-default-features --allow-dirty
	@echo '==> workflows, by the schema that comes with the tool'
	check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@echo '==> ruff, mypy'
	ruff format --check .
	ruff check .
	mypy

.PHONY: public-api
public-api:
	@$(DESCRIBE)
	@$(PUBLIC_API) --write

format: $(VENV)/.installed
	cargo fmt --all
	ruff format .
	ruff check --fix .

# --- documentation -----------------------------------------------------------------------------------------------

# A link that leads nowhere is an error. The reference is made of the functions, the Python tutorial is run.
docs: build $(VENV)/.docs $(if $(BROWSER),$(VENV)/.browser)
	@echo '==> the site, into output/site'
	@rm -rf docs/reference output/site
	sphinx-build -q -n -W --keep-going -c docs . output/site
	python -m pytest --quiet tests/python/test_site.py tests/python/test_notebook.py
	@echo '==> open output/site/index.html'

# --- measurements -------------------------------------------------------------------------------------------------

bench: $(VENV)/.installed
	pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	maturin develop --release
	python -m benchmarks

reports: build
	python scripts/report.py

clean:
	rm -rf $(VENV) target data output docs/reference
