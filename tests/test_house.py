"""The rules of the house that no linter knows, and for every guard a case that trips it.

Who may import whom is stated in pyproject.toml; here a copy of the package breaks each contract.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import pcapfilter

ROOT = Path(__file__).parent.parent
CHANGES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GENERATED = {Path("pcapfilter/parser/_tables.py")}
LONGEST = 400
VAGUE_MODULES = {"utils", "helpers", "common", "misc", "core"}
VAGUE_WORDS = {"manager", "handler", "helper", "util", "utils", "context", "do"}
# Functions may have them: 802.11 has data frames, and a logger a method `info`.
VAGUE_NOUNS = VAGUE_WORDS | {"data", "info"}
HEAVY = ("numba", "llvmlite", "numpy", "scapy")


# ---- guards: each gives its complaints about a project's folder --------------------------------


def modules(root: Path) -> Iterator[Path]:
    """Give the files of the package, from the project's folder, without what is generated."""
    for path in sorted((root / "pcapfilter").rglob("*.py")):
        if path.relative_to(root) not in GENERATED:
            yield path


def sources(root: Path) -> Iterator[Path]:
    """Give the files of package, tests, scripts and examples."""
    yield from modules(root)
    for folder in ("tests", "scripts", "examples"):
        yield from sorted((root / folder).rglob("*.py"))


def long_files(root: Path) -> Iterator[str]:
    for path in sources(root):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST:
            yield f"{path} has {lines} lines"


def vague_modules(root: Path) -> Iterator[str]:
    for path in modules(root):
        if VAGUE_MODULES & {*path.relative_to(root).with_suffix("").parts}:
            yield f"{path} says nothing by its name"


def vague_names(root: Path) -> Iterator[str]:
    for path in modules(root):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                words = re.findall(r"[A-Z]?[a-z0-9]+", node.name)
                vague = VAGUE_NOUNS if isinstance(node, ast.ClassDef) else VAGUE_WORDS
                if vague & {word.lower() for word in words}:
                    yield f"{path}:{node.lineno}: {node.name} says nothing by its name"


def unsorted_exports(root: Path) -> Iterator[str]:
    for path in modules(root):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and "__all__" in map(ast.unparse, node.targets):
                names = ast.literal_eval(node.value)
                if [*names] != sorted(set(names)):
                    yield f"{path}: __all__ is not sorted"


def unexplained_ignores(root: Path) -> Iterator[str]:
    """Every rule that ruff leaves out says why, on its line or on a neighbour's that names it."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    lint = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.isort]")]
    comments = " ".join(re.findall(r"#.*", lint))
    for line in lint.splitlines():
        row = re.match(r'\s+"([A-Z]+\d*)",\s*(#?)', line)
        if row and not row[2] and row[1] not in comments:
            yield f"pyproject.toml leaves out {row[1]} and does not say why"


def suppressions(root: Path) -> Iterator[str]:
    """A complaint that is silenced in place names its rule and says why."""
    for path in sources(root):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = re.search(r"#\s*(noqa|type:\s*ignore)(.*)", line)
            if found and not re.match(r"(: [A-Z0-9, ]+|\[[a-z, -]+\])\s*[#-].*\w", found[2]):
                yield f"{path}:{number}: silenced without a rule and a reason"


def shapeless_decisions(root: Path) -> Iterator[str]:
    """Every decision has its number and its date, and says what, why, and instead of what."""
    for path in sorted((root / "docs" / "decisions").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        shape = rf"# ({path.name[:3]}|NNN): .+\n\nDate: .+\n\n\*\*Decided\.\*\* "
        parts = re.findall(r"^\*\*(.+?)\.\*\* \S", text, re.MULTILINE)
        if not re.match(shape, text) or not {"Because", "Instead of"} <= {*parts}:
            yield f"{path} is not as 000-template.md has it"


LONG = "x = 1\n" * (LONGEST + 1)
GUARDS: dict[Callable[[Path], Iterator[str]], tuple[str, str]] = {
    # guard: a file that trips it, and what stands in it
    long_files: ("pcapfilter/long.py", LONG),
    vague_modules: ("pcapfilter/net/utils.py", ""),
    vague_names: ("pcapfilter/net/odd.py", "class PacketHandler:\n    pass\n"),
    unsorted_exports: ("pcapfilter/odd.py", '__all__ = ["b", "a"]\n'),
    unexplained_ignores: (
        "pyproject.toml",
        '[tool.ruff.lint]\nignore = [\n    "D105",\n]\n[tool.ruff.lint.isort]\n',
    ),
    suppressions: ("pcapfilter/odd.py", "import os  # no" + "qa\n"),
    shapeless_decisions: ("docs/decisions/099-odd.md", "# Odd\n\n**Decided.** So.\n"),
}


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_the_house_is_in_order(guard: Callable[[Path], Iterator[str]]) -> None:
    assert not list(guard(ROOT))


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_each_guard_can_be_tripped(guard: Callable[[Path], Iterator[str]], tmp_path: Path) -> None:
    name, text = GUARDS[guard]
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert list(guard(tmp_path))


# ---- start-up ----------------------------------------------------------------------------------


def loaded(code: str) -> set[str]:
    """Give which heavy packages a fresh Python has loaded after some code."""
    report = f"\nimport sys; print(*(set({HEAVY}) & set(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", code + report], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return {*answer.stdout.split()}


@pytest.mark.parametrize(
    "code",
    [
        "import pcapfilter",
        "import pcapfilter; pcapfilter.compile('tcp port 80 and host 10.0.0.1').listing()",
        "import pcapfilter; pcapfilter.compile('vlan and ip6[6] = 6', optimize=False).program()",
        "import pcapfilter; pcapfilter.compile('ip').matches(bytes(60))",
    ],
)
def test_compiling_loads_nothing_heavy(code: str) -> None:
    assert loaded(code) == set()


def test_heavy_packages_are_noticed() -> None:
    assert loaded("import numpy") == {"numpy"}


# ---- who may import whom -----------------------------------------------------------------------

VIOLATIONS = {
    # contract: a module and an import that it may not have
    "floors": ("net/proto.py", "import pcapfilter.expr.nodes"),
    "wings": ("parser/__init__.py", "import pcapfilter.codegen.cfg"),
    "engine": ("engine/vm.py", "import pcapfilter.bpf.isa"),
    "instruction-sets": ("bpf/alu.py", "import pcapfilter.bpf.program"),
    "codegen": ("codegen/cfg.py", "import pcapfilter.codegen.lower"),
    "pure": ("expr/nodes.py", "import os"),
    "sockets": ("engine/reference.py", "import socket"),
    "ply": ("cli/__init__.py", "import ply.lex"),
    "native": ("io/base.py", "import llvmlite"),
    "extras": ("packets.py", "import scapy.all"),
}


def contracts(folder: Path) -> str:
    """Give what lint-imports says of the package in a folder."""
    program = Path(sys.executable).with_name("lint-imports")
    answer = subprocess.run(
        [program, "--no-cache", "--no-logo"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
    )
    assert (answer.returncode == 0) == (", 0 broken" in answer.stdout), answer.stdout
    return answer.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package and its settings."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(
        ROOT / "pcapfilter", tmp_path / "pcapfilter", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


def test_contracts_hold(copy: Path) -> None:
    assert ", 0 broken" in contracts(copy)


def test_each_contract_can_be_broken(copy: Path) -> None:
    for name, line in VIOLATIONS.values():
        path = copy / "pcapfilter" / name
        path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    answer = contracts(copy)
    stated = SETTINGS["tool"]["importlinter"]["contracts"]
    assert {contract["id"] for contract in stated} == {*VIOLATIONS}
    assert [row["name"] for row in stated if f"{row['name']} BROKEN" not in answer] == []


def test_a_room_that_no_layer_lists_is_noticed(copy: Path) -> None:
    (copy / "pcapfilter" / "cellar.py").write_text('"""A room."""\n', encoding="utf-8")
    assert "cellar" in contracts(copy)


# ---- format, lint, types -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (("ruff", "format", "--check"), "x = ( 1 )\n"),
        (("ruff", "check"), "def f():\n    return 1\n"),
        (("mypy", "--no-incremental"), "def f(x):\n    return x\n"),
    ],
    ids=["format", "lint", "types"],
)
def test_tools_object(command: tuple[str, ...], text: str, tmp_path: Path) -> None:
    """The tools, as they are set up here, find what they are for."""
    path = tmp_path / "odd.py"
    path.write_text(text, encoding="utf-8")
    program, *arguments = command
    settings = ("--config-file" if program == "mypy" else "--config", ROOT / "pyproject.toml")
    answer = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments, *settings, path],
        capture_output=True,
        check=False,
        cwd=tmp_path,
    )
    assert answer.returncode == 1, answer.stdout


# ---- packaging ---------------------------------------------------------------------------------


def test_all_is_the_union_of_the_extras() -> None:
    extras = SETTINGS["project"]["optional-dependencies"]
    assert {*extras} - {"all", "test", "dev"} == {"compress", "png", "prove", "remote", "scapy"}
    [union] = extras["all"]
    assert union == "pcapfilter-engine[compress,png,prove,remote,scapy]"


def test_one_version() -> None:
    assert SETTINGS["project"]["version"] == pcapfilter.__version__
    assert "## [Unreleased]" in CHANGES


def test_every_dependency_has_a_lower_bound() -> None:
    extras = SETTINGS["project"]["optional-dependencies"].values()
    for requirement in [
        *SETTINGS["project"]["dependencies"],
        *(r for rows in extras for r in rows),
    ]:
        assert re.search(r">=|^pcapfilter-engine\[", requirement), requirement


def test_the_source_distribution_is_the_whole_project() -> None:
    manifest = (ROOT / "MANIFEST.in").read_text(encoding="utf-8").splitlines()
    grafted = {line.removeprefix("graft ") for line in manifest if line.startswith("graft ")}
    made = {"build", "dist", "pcapfilter"}
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name.isalpha()}
    assert grafted == folders - made


@pytest.mark.parametrize("name", ["scripts/check", "scripts/demo", ".ci/run"])
def test_scripts_can_be_run(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)


def test_continuous_integration_runs_the_same_check() -> None:
    assert "scripts/check" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_links_between_documents_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page}: {target}"
