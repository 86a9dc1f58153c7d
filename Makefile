# 受付 Uketsuke. `make` alone lists what there is.
.DEFAULT_GOAL := help
.PHONY: help setup run serve test lint format bench samples screenshots train lock sbom clean
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
export PYTHON
# The machine's own number of cores is the right number of threads only for one process.
PYTEST_ARGS ?=
RUN_PATHS ?= sample_scans

help: ## この一覧 / this list
	@printf '受付 Uketsuke\n\n'
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)$$/  make \1\t\2/' | expand -t 18

setup: ## 準備（環境・モデル・鍵）/ set up: environment, models, keys
	@tools/setup.sh base

run: setup ## sample_scans を処理して結果を表示 / process sample_scans and show the result
	@$(BIN)/uketsuke run $(RUN_PATHS)

serve: setup ## 窓口画面と Dagster を起動 / start the desk and Dagster, inbox watched
	@$(BIN)/uketsuke serve

test: ## 準備して全テスト / set up and run every test
	@tools/setup.sh test
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: setup ## 書式と型の検査 / check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup ## 書式を整える / format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: ## 実測値の表 / measure: accuracy, silent errors, speed
	@tools/setup.sh bench
	@$(BIN)/python -m benchmarks

samples: setup ## sample_scans を作り直す / make sample_scans again from its seed
	@$(BIN)/uketsuke samples make --out sample_scans

screenshots: ## 手引きの画面の写し（合成の書類）/ pictures of the desk for the manuals, of synthetic papers
	@tools/setup.sh test
	@rm -rf build/screenshots
	@UKETSUKE_HOME=build/screenshots $(BIN)/uketsuke keys init >/dev/null
	@UKETSUKE_HOME=build/screenshots $(BIN)/uketsuke run sample_scans >/dev/null
	@$(BIN)/python tools/screenshots.py --home build/screenshots

train: setup ## 文字認識の学習（学習データが要ります）/ train our model (needs training data)
	@$(BIN)/python -m models.training

lock: setup ## requirements.lock を作り直す / make requirements.lock again from requirements.in
	$(BIN)/uv pip compile requirements.in --output-file requirements.lock --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url

sbom: setup ## 部品とライセンスの一覧（CycloneDX）/ list components and licences
	@$(BIN)/python tools/components.py

clean: ## 環境とキャッシュを消す（var/ は残す）/ remove the environment and caches, keep var/
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info models/fetched
	find . -name __pycache__ -not -path './var/*' -type d -prune -exec rm -rf {} +
