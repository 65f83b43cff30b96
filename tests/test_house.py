"""What holds for the whole house: every method is explained and checked, help is quick, nothing foreign lies in it."""

from __future__ import annotations

import ast
import json
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from forestall.cli import VERBS

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src" / "forestall"
INDEX = yaml.safe_load((ROOT / "tests" / "oracles" / "index.yaml").read_text(encoding="utf-8"))
MODULES = sorted(p.stem for p in (SRC / "stats").glob("*.py") if not p.stem.startswith("_"))


def committed() -> list[Path]:
    """The files that git follows; the checkout's own files where there is no git."""
    if shutil.which("git") and (ROOT / ".git").exists():
        out = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
        return [ROOT / name for name in out.split("\0") if name and (ROOT / name).is_file()]
    pytest.skip("no git, or no repository: what is committed is not known")


# Every method is explained and checked.


@pytest.mark.parametrize("module", MODULES)
def test_each_module_of_stats_has_an_oracle_and_a_page(module: str) -> None:
    entry = INDEX.get(module)
    assert entry, f"stats/{module}.py has no entry in tests/oracles/index.yaml"
    assert (ROOT / "docs" / "methods" / f"{entry['page']}.md").is_file()
    assert entry["oracles"], f"{module} names no oracle"


@pytest.mark.parametrize(("module", "oracle"), [(m, o) for m, e in INDEX.items() for o in e["oracles"]])
def test_each_oracle_that_is_named_is_a_test(module: str, oracle: str) -> None:
    path, _, name = oracle.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    assert name in functions, f"{module}: {path} has no test {name}"
    assert name.startswith("test_")


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "methods").glob("*.md")), ids=lambda p: p.stem)
def test_each_method_page_says_what_it_owes(page: Path) -> None:
    if page.stem in ("index", "sample"):  # the sample is a model of a force and not a method
        return
    headings = {h.strip().lower() for h in re.findall(r"^#{2,3} (.+)$", page.read_text(encoding="utf-8"), re.M)}
    for owed in ("assum", "source", "oracle", "limit"):
        assert any(owed in h for h in headings), f"{page.name} has no heading on {owed}…: {sorted(headings)}"


@pytest.mark.parametrize("room", ["stats", "places", "records", "catalogue", "sample", "report", "analyse", "respond"])
def test_each_public_thing_says_what_it_is(room: str) -> None:
    silent = []
    for path in (SRC / room).rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            # One statement, such as returning a sentence, says itself what it is.
            if public and len(node.body) > 1 and not ast.get_docstring(node) and not path.stem.startswith("_"):
                silent.append(f"{path.relative_to(SRC)}:{node.lineno} {node.name}")
    assert not silent, "public, and without a docstring: " + ", ".join(silent)


# Help is quick, and true.


def seconds(*command: str, runs: int = 7) -> float:
    """Median wall time of a command, after one run that warms the caches."""
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def modules_of(argv: list[str]) -> str:
    """What a call of the program prints, followed by the names of all modules that it imported."""
    code = f"import sys; from forestall.cli import main\ntry: main({argv!r})\nexcept SystemExit: print(*sys.modules)"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_help_is_quick() -> None:
    """Under 0.3 s; on a machine that is busy, no more than five times what Python takes to do nothing."""
    bare = seconds(sys.executable, "-c", "pass")
    took = seconds(sys.executable, "-m", "forestall", "--help")
    assert took < max(0.3, 5 * bare), f"forestall --help took {took:.2f} s; python -c pass {bare:.2f} s"


def test_help_imports_nothing_heavy() -> None:
    out = modules_of(["--help"])
    heavy = {"numpy", "scipy", "numba", "pandas", "pyarrow", "ibis", "duckdb", "django", "altair", "babel", "yaml", "rich"}
    assert not heavy & set(out.split())


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help_that_imports_nothing_heavy(verb: str) -> None:
    out = modules_of([verb, "--help"])
    assert f"usage: forestall {verb}" in out
    assert not {"numpy", "ibis", "duckdb", "django", "pyarrow"} & set(out.split())


def test_the_reference_of_the_command_line_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, "scripts/reference.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# Nothing foreign lies in it.


def test_lock_files_name_only_the_public_registries() -> None:
    hosts = {"pypi.org", "files.pythonhosted.org", "registry.npmjs.org"}
    python = (ROOT / "uv.lock").read_text(encoding="utf-8")
    found = set(re.findall(r"(?:registry|url) = \"https?://([^/\"]+)", python))
    assert found
    assert found <= hosts, f"uv.lock fetches from {sorted(found - hosts)}"
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, package in packages.items():
        if name:
            assert package["integrity"].startswith("sha512-"), f"package-lock.json does not pin the content of {name}"
            # Without an address npm asks the registry that it is set to, which is the public one unless somebody chose.
            address = package.get("resolved", "https://registry.npmjs.org/")
            assert address.split("/")[2] in hosts, f"package-lock.json fetches {name} from {address}"


def test_no_third_party_code_is_committed() -> None:
    for path in committed():
        parts = path.relative_to(ROOT).parts
        assert not {"node_modules", "vendor", ".venv", "site-packages", "staticfiles"} & set(parts), path
        assert not path.name.endswith((".min.js", ".min.css", ".whl", ".woff", ".woff2", ".tgz")), path
        assert path.stat().st_size < 2_000_000, f"{path} is {path.stat().st_size / 1e6:.1f} MB"


def test_no_path_of_anybodys_machine_is_committed() -> None:
    paths = re.compile(rb"(?<![\w.])/(?:root|work|home/\w+|Users/\w+)/[\w.]")
    for path in committed():
        if path.suffix in (".png", ".ico", ".parquet", ".gz") or path == Path(__file__):
            continue
        found = paths.search(path.read_bytes())
        assert not found, f"{path.relative_to(ROOT)}: {found.group().decode() if found else ''}"


def test_the_site_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 10
    loads = re.compile(
        r"<(?:script|img|iframe|source)[^>]+src=\"?(https?:[^\"\s>]+)|<link[^>]+href=\"?(https?:[^\"\s>]+)[^>]*>"
    )
    for page in pages:
        for match in loads.finditer(page.read_text(encoding="utf-8")):
            if 'rel="canonical"' in match.group():
                continue
            raise AssertionError(f"{page.name} loads {match.group(1) or match.group(2)}")


def test_the_names_that_others_call_are_never_modules() -> None:
    """A method and its file must not share a name: importing the file would hide the method."""
    import importlib
    import types

    stats = importlib.import_module("forestall.stats")
    for module in (ROOT / "src" / "forestall" / "stats").glob("*.py"):
        importlib.import_module(f"forestall.stats.{module.stem}" if module.stem != "__init__" else "forestall.stats")
    assert [n for n in stats.__all__ if isinstance(getattr(stats, n), types.ModuleType)] == []
