"""What ``_quarto.yml`` and its profiles say of the site: its editions, titles and address."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from workbench.errors import SiteError
from workbench.site.words import BASE, NAMES


def editions(root: Path) -> list[str]:
    """Name the languages that the project describes: each has a profile, ``_quarto-zh.yml``."""
    found = _described(root)
    if not found:
        raise SiteError(
            "there is no profile for a language",
            where=str(root / f"_quarto-{BASE}.yml"),
            remedy="take it from version control again",
        )
    return found


def _described(root: Path) -> list[str]:
    return [x for x in NAMES if (root / f"_quarto-{x}.yml").is_file()]


def read_config(work: Path, language: str) -> dict[str, Any]:
    """Read ``_quarto.yml`` with a language's profile joined to it as Quarto joins them.

    Mappings are joined key by key, lists one after the other without repetition; of two other
    values the profile's is taken.
    """
    config: Any = {"project": {}, "website": {}}
    for name in ("_quarto.yml", f"_quarto-{language}.yml"):
        try:
            part = yaml.safe_load((work / name).read_text(encoding="utf-8")) or {}
        except yaml.YAMLError as error:
            raise SiteError(f"no YAML: {' '.join(str(error).split())}", where=name) from error
        config = _join(config, part)
    return dict(config)


def _join(one: Any, two: Any) -> Any:
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        joined = dict(one)
        for key, value in two.items():
            joined[key] = _join(one[key], value) if key in one else value
        return joined
    if isinstance(one, list) or isinstance(two, list):
        both = [
            *(one if isinstance(one, list) else [one]),
            *(two if isinstance(two, list) else [two]),
        ]
        return [x for at, x in enumerate(both) if x not in both[:at]]
    return two


def site_titles(root: Path) -> dict[str, str]:
    """Give the site's title in each language that has a profile; empty where none is set."""
    if not (root / "_quarto.yml").is_file():
        return {}
    return {x: str(read_config(root, x)["website"].get("title") or "") for x in _described(root)}


def site_address(root: Path) -> str:
    """Give the address that the site is read at, with a slash at its end; empty where none is set.

    It is Quarto's own key, ``website: site-url:``. What needs a whole address (the sitemap, the
    picture of a link that is passed on) is made only where it is known.

    Raises
    ------
    SiteError
        When it is no address of the web.
    """
    if not (root / "_quarto.yml").is_file():
        return ""
    url = str(read_config(root, BASE)["website"].get("site-url") or "").strip()
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query):
        raise SiteError(
            f"{url!r} is no address of a site",
            where="_quarto.yml, website: site-url",
            remedy="write it like https://reports.example.com/customers/",
        )
    return url.rstrip("/") + "/" if url else ""
