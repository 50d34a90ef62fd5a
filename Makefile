# Everything runs from a clean clone with nothing but Rust and Python 3.11+: `make demo`, `make test`, `make lint`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Builds go here; a machine that builds often sets it to a folder that outlives the clone.
export CARGO_TARGET_DIR ?= $(CURDIR)/target
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PATH := $(CURDIR)/$(BIN):$(PATH)

SHELL_BIN := $(CARGO_TARGET_DIR)/debug/ziln

# The environment that maturin gives to cargo: with any other, cargo would compile pyo3 and all of Polars again.
ABI := $(shell $(PYTHON) -c 'import sys; print("cpython-%d.%d-64bit" % sys.version_info[:2])')
export PYO3_PYTHON := $(CURDIR)/$(BIN)/python
export PYO3_ENVIRONMENT_SIGNATURE := $(ABI)
export PYO3_BUILD_EXTENSION_MODULE := 1

.PHONY: help demo test test-rust test-python lint format bench report clean

help:
	@echo "make demo    train and score models on 23,570 real customers"
	@echo "make test    run every test, Rust and Python"
	@echo "make lint    check formatting, lints and types"
	@echo "make bench   measure against other systems"
