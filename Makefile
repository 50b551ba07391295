# Two commands do everything: `make run` and `make test`. Both set up what they need.
# PYTHON=/path/to/python chooses the Python of .venv; else an existing .venv is kept, a new one gets the newest found.
PYTHON ?=
VENV := .venv
PY := $(VENV)/bin/python

FORMATS := .venv-formats
.PHONY: setup run test test-formats bench mutants clean

setup:
	@sh .ci/setup "$(PYTHON)"

# Without a display the same story runs off-screen on the samples and leaves pictures of the window in out/.
run: setup
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then $(PY) main.py; \
	else $(PY) -m app.gui.tour out; fi

# The tests run side by side, one process for each core, four at most.
test: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy app models main.py
	$(VENV)/bin/lint-imports
	QT_QPA_PLATFORM=offscreen $(PY) -m pytest -n auto --maxprocesses 4 --dist worksteal

# Every format is read back by programs that nobody here wrote (docs/formats.md). They live in an environment of their
# own, .venv-formats, which sees .venv behind itself; the DICOM checkers are the Debian package dicom3tools.
# FORMATS_PAGE="--write docs/formats.md" puts the results into that page.
test-formats: setup
	@sh .ci/formats
	@mkdir -p out
	$(PY) -m tests.formats.make_exports out/formats
	$(FORMATS)/bin/python -m tests.formats.checks out/formats $(FORMATS_PAGE)

# The figures of those that came to their end are printed also where another one failed.
bench: setup
	@mkdir -p out
	@rm -f out/benchmarks.json
	QT_QPA_PLATFORM=offscreen $(PY) -m pytest tests/benchmarks --benchmark-only --benchmark-json=out/benchmarks.json --benchmark-columns=min,median,max; \
	failed=$$?; $(PY) -m tests.benchmarks.summary out/benchmarks.json && exit $$failed

# Do the tests notice careless mistakes? Not part of CI. MUTANTS="store --count 20 --minutes 10 --details", or --help.
mutants: setup
	@$(PY) -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; print(*p['optional-dependencies']['mutants'], sep='\n')" > $(VENV)/mutants.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --requirement $(VENV)/mutants.txt
	@$(PY) -m tests.mutants $(MUTANTS)

clean:
	rm -rf $(VENV) $(FORMATS) out
