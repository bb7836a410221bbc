"""A public class has one name in the package, and a name says what a thing holds or does."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "src/workbench"


@cache
def trees() -> dict[Path, ast.Module]:
    files = PACKAGE.rglob("*.py")
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in files}


def test_no_public_class_name_is_defined_twice() -> None:
    found = defaultdict(list)
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(PACKAGE)))
    twice = {name: files for name, files in found.items() if len(files) > 1}
    assert twice == {}


#: Words of the house that tell a stranger nothing of what a thing holds or does.
DIALECT = re.compile(
    r"(^|_)(shelf|conduct|reach|marks|lot|close_up|course|remarks|apart|streams|asked|law)(_|$)"
)


def test_no_module_class_or_function_is_named_in_dialect() -> None:
    named = []
    for path, tree in trees().items():
        public = [n for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef)]
        inside = [m for n in public if isinstance(n, ast.ClassDef) for m in n.body]
        public += [m for m in inside if isinstance(m, ast.FunctionDef)]
        names = [path.stem, *(n.name for n in public if not n.name.startswith("_"))]
        words = [re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in names]
        named += [f"{path}: {word}" for word in words if DIALECT.search(word)]
    assert not named, named
