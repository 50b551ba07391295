"""Reports, read by the HTML parser of Python and by Pillow (the text of the PDF by pypdf: `make test-formats`)."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from app.formats.from_session import view_of
from app.formats.output_folder import OutputFolder
from app.formats.report import Report, name_of_all
from app.formats.report_blocks import Heading, Histogram, Picture, Table, Text
from app.formats.report_html import html_of
from app.formats.report_pdf import pdf_of
from app.formats.write import write
from app.project.session import Session
from tests.unit.formats.views import project, view


class Page(HTMLParser):
    """Tables, links, pictures and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.links: list[str] = []
        self.pictures: list[bytes] = []
        self.tags: list[str] = []
        self.words = ""
        self._cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        self._cell = tag in ("td", "th") or (tag == "a" and self._cell)
        if tag == "a":
            self.links.append(found["href"])
        if tag == "img":
            kind, data = found["src"].split(",")
            assert kind == "data:image/jpeg;base64"
            self.pictures.append(base64.b64decode(data))

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._cell:
            self.tables[-1][-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._cell = False if tag in ("td", "th") else self._cell

    def table(self, first: str) -> list[dict[str, str]]:
        """Rows of the table with this first column."""
        (found,) = [table for table in self.tables if table[0][0] == first]
        return [dict(zip(found[0], row, strict=True)) for row in found[1:]]


@pytest.fixture
def session(session: Session) -> Session:
    session.define_landmark("Top <A>", "right_lung", (0.1, 0.2))
    session.define_measurement("wide", "width(right_lung)")
    session.define_measurement("left", "height(left_lung) / width(left_lung)")
    session.define_measurement("bone", "area(right_clavicle) / area(right_clavicle)")
    session.set_review("im2.png", "rejected", structure="right_clavicle")
    session.set_spacing("im1.png", 0.5, 0.25)
    x, y = session.placements("Top <A>").xy[1]
    session.move_placement("im1.png", "Top <A>", (x + 3, y + 4))
    mask = session.mask("im1.png", "right_lung").copy()
    mask[:, : int(np.flatnonzero(mask.any(axis=0)).mean())] = False
    session.set_mask("im1.png", "right_lung", mask)
    session.set_review("im1.png", "accepted", "good & done")
    session.set_review("im2.png", "rejected", "leaks", structure="heart")
    return session


def test_the_report_of_an_image_says_what_was_seen_and_done(session: Session, tmp_path: Path):
    assert write(view_of(session), tmp_path, ["report"]).complete
    page = Page((tmp_path / "report" / "im1.html").read_text("utf-8"))
    assert "Research use only; not a medical device." in page.words
    assert session.bundle.sha256 in page.words
    assert ["Review", "accepted"] in page.tables[0]
    assert ["Note", "good & done"] in page.tables[0]
    assert ["Size of a pixel", "0.5 x 0.25 mm (given by the reader)"] in page.tables[0]
    lung = next(row for row in page.table("Structure") if row["Structure"] == "Right lung")
    before, after = session.masks("im1.png").predicted("right_lung"), session.mask("im1.png", "right_lung")
    overlap = 2 * (before & after).sum() / (before.sum() + after.sum())
    assert (lung["Mask"], float(lung["Dice with the prediction"])) == ("corrected", pytest.approx(overlap, abs=6e-4))
    (top,) = page.table("Landmark")
    assert (top["Landmark"], top["State"], top["Moved by (px)"]) == ("Top <A>", "corrected", "5.0")
    measured = {row["Measurement"]: row for row in page.table("Measurement")}
    assert float(measured["wide"]["Value"]) == pytest.approx(session.measurement("wide").values[1], abs=1e-3)
    assert measured["wide"]["Unit"] == "mm"
    (picture,) = page.pictures
    # 300 rows of .5 mm are twice as high as wide pixels: in true proportions 600 x 320.
    assert Image.open(io.BytesIO(picture)).size == (320, 300)
    heart = next(
        row
        for row in Page((tmp_path / "report" / "im2.html").read_text()).table("Structure")
        if row["Structure"] == "Heart"
    )
    assert (heart["Mask"], heart["Reader says"]) == ("rejected", "rejected leaks")


def test_the_report_of_all_has_figures_histograms_agreement_and_links(session: Session, tmp_path: Path):
    report = write(view_of(session), tmp_path, ["report"])
    assert set(Report.files(view_of(session))) == {
        f"report/{stem}{end}" for stem in ("im0", "im1", "im2", "all_images") for end in (".html", ".pdf")
    }
    assert report.files == ["report"]
    page = Page((tmp_path / "report" / "all_images.html").read_text("utf-8"))
    values = session.measurement("wide")
    wide = {row["Unit"]: row for row in page.table("Measurement") if row["Measurement"] == "wide"}
    assert {unit: row["n"] for unit, row in wide.items()} == {"px": "1", "mm": "1"}  # im0 has no right lung
    assert float(wide["px"]["Mean"]) == pytest.approx(values.values[2], rel=1e-3)
    assert wide["mm"]["SD"] == ""
    left = next(row for row in page.table("Measurement") if row["Measurement"] == "left")
    high = session.measurement("left").values
    high = high[np.isfinite(high)]  # im1 has no left lung
    assert (int(left["n"]), float(left["Mean"])) == (2, pytest.approx(high.mean(), abs=1e-3))
    assert float(left["SD"]) == pytest.approx(high.std(ddof=1), abs=1e-3)
    bone = next(row for row in page.table("Measurement") if row["Measurement"] == "bone")
    assert np.isfinite(session.measurement("bone").values).all()
    assert bone["n"] == "2", "the one of im2 was rejected"
    assert re.search(r"Left out: \d values that depend on a structure", page.words)
    assert page.tags.count("svg") == len(page.table("Measurement"))
    (agreement,) = page.table("Structure")
    assert (agreement["Structure"], agreement["Corrected in"]) == ("Right lung", "1")
    (top,) = page.table("Landmark")
    assert [top[key] for key in ("Predicted", "Corrected", "Confirmed", "Absent")] == ["1", "1", "0", "1"]
    moved = top["Moved, median (px)"], top["greatest (px)"], top["median (mm)"]
    assert [float(value) for value in moved] == pytest.approx([5, 5, 5 * np.sqrt(0.125)], abs=0.01)
    assert {"im0.html", "im1.html", "im2.html"} <= set(page.links)
    assert len(page.pictures) == 3
    assert not {"script", "link", "iframe"} & set(page.tags)


def test_a_pdf_is_whole_and_holds_its_picture(session: Session, tmp_path: Path):
    write(view_of(session, "image", "im1.png"), tmp_path, ["report"])
    for name in ("im1", "all_images"):
        data = (tmp_path / "report" / f"{name}.pdf").read_bytes()
        assert data.startswith(b"%PDF-1.")
        assert data.rstrip().endswith(b"%%EOF")
        assert data.count(b"/Subtype /Image") == 1


def test_names_are_text_wherever_they_come_from():
    nasty = "<script>alert('x')</script> & \"q\""
    document = [Heading(nasty, 1), Text(nasty), Table((nasty,), ((nasty,),), ('a"b.html',))]
    page = Page(html_of(document))
    assert "script" not in page.tags
    assert page.tables[0] == [[nasty], [nasty]]
    assert page.links == ["a%22b.html"]
    assert pdf_of([*document, Text("Ωμέγα 漢字 Zoë")]).startswith(b"%PDF")


def test_a_histogram_counts_every_value():
    values = np.array([1.0, 2.0, 2.5, 7.25, 7.5])
    found = Histogram.of("wide", "mm", values)
    assert sum(found.counts) == 5
    assert (found.edges[0], found.edges[-1]) == (1.0, 7.5)
    page = html_of([found])
    assert sum(int(count) for count in re.findall(r"<title>[^:]*: (\d+)</title>", page)) == 5
    assert Histogram.of("one", "", np.array([3.0])).counts.count(1) == 1


def test_a_picture_is_shown_as_it_is(tmp_path: Path):
    colours = np.zeros((8, 12, 3), np.uint8)
    colours[..., 0] = 200  # blue, in OpenCV's order
    data = bytes(cv2.imencode(".jpg", colours)[1])
    page = Page(html_of([Picture(data, 8, 12, "a picture")]))
    red, _, blue = np.asarray(Image.open(io.BytesIO(page.pictures[0])))[4, 6]
    assert (red < 60, blue > 150) == (True, True)


def test_an_image_whose_file_is_gone_has_a_report_without_a_picture(tmp_path: Path):
    part = Report(project(), OutputFolder(tmp_path))
    part.add(view({"lung": None, "heart": np.ones((9, 13), bool)}))
    part.keep()
    page = Page((tmp_path / "report" / "sub" / "a.html").read_text("utf-8"))
    assert page.pictures == []
    assert "Its file is not there" in page.words
    assert Page((tmp_path / "report" / "all_images.html").read_text()).links == ["sub/a.html"]


def test_no_image_has_the_name_of_the_report_of_all():
    assert name_of_all(project(images={"All_Images.png": "All_Images"})) == "all_images_"


def test_a_long_report_has_several_pages():
    data = pdf_of([Heading("Title", 1), *[Text(f"line {i}") for i in range(200)]])
    assert int(re.search(rb"/Count (\d+)", data)[1]) > 2
