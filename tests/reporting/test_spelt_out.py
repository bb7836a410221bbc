"""What short names on a drawing stand for is listed below it."""

from __future__ import annotations

from workbench.reporting.showing import _numbers_spelt_out as spelt_out

NAMES = {"02": "Leaflets look tidy", "11": "Calls are taken soon", "05": "The network holds"}


def table(names: dict[str, str]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{k}</th><td>{v}</td><td>1</td></tr>' for k, v in names.items()
    )
    head = "<thead><tr><th>No.</th><th>Item</th></tr></thead>"
    return f"<div><table>{head}<tbody>{rows}</tbody></table></div>"


def drawing(*texts: str) -> str:
    return "".join(f"<text x='1'>{text}</text>" for text in texts)


def test_numbers_of_items_get_a_key_in_their_order() -> None:
    html = spelt_out(table(NAMES), drawing(*NAMES, "0.5"))
    assert [html.index(name) for name in sorted(NAMES)] == sorted(
        html.index(name) for name in NAMES
    )
    assert html.count("<li>") == 3 and "<b>05</b> The network holds" in html


def test_what_is_drawn_by_name_or_is_no_number_needs_none() -> None:
    assert not spelt_out(table(NAMES), drawing(*NAMES, *NAMES.values()))
    assert not spelt_out(table(NAMES), drawing("02", "11"))  # one is not on the drawing
    assert not spelt_out(table({"east": "A region of cities"} | NAMES), drawing(*NAMES, "east"))
    assert not spelt_out(table({"1": "12", "2": "13", "3": "14"}), drawing("1", "2", "3"))
    assert not spelt_out(table({k: NAMES[k] for k in ("02", "11")}), drawing("02", "11"))
