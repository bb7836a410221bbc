"""What Word files of any kind begin with: a sheet of A4, Chinese letters, the number of a page."""

from __future__ import annotations

from typing import Any

from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

#: A font for Chinese that Word has on every system; Latin letters keep theirs.
HAN = "Microsoft YaHei"
_STYLES = ("Normal", "Title", "Heading 1", "Heading 2", "Heading 3", "List Bullet")


def new_document(title: str, language: str, *, margin: float) -> Any:
    """Begin a document on A4, whose Chinese letters are set in a font that is there.

    Parameters
    ----------
    title : str
        The document's, as its properties tell it.
    language : str
        Of its texts.
    margin : float
        Left and right, in centimetres.
    """
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(margin)
    for name in _STYLES:
        fonts = document.styles[name].element.get_or_add_rPr().get_or_add_rFonts()
        fonts.set(qn("w:eastAsia"), HAN)
        fonts.attrib.pop(qn("w:eastAsiaTheme"), None)  # it would win over the font
    document.styles["Normal"].font.size = Pt(10.5)
    document.core_properties.title = title
    document.core_properties.language = language
    return document


def add_page_number(paragraph: Any) -> Any:
    """Add the number of the page, which Word fills in, and give its run."""
    run = paragraph.add_run()
    for kind, content in (("begin", ""), ("", "PAGE"), ("end", "")):
        mark = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark.text = content
        run._r.append(mark)
    return run
