# SPDX-License-Identifier: Apache-2.0
"""plantar report: the numbers on its pages are those of plantar analyze, compare and trend; the same session gives
the same bytes; what does not count is listed with its reason; nothing points outside. The sessions are those of the
pictures in docs/report.md."""
import html.parser
import json
import os
import pathlib
import re
import resource
import statistics
import struct
import subprocess
import sys
import xml.dom.minidom

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from cli import PLANTAR, document, person, run  # noqa: E402

SOURCE = pathlib.Path(os.environ["PLANTAR_SOURCE"])
FOOTER = "This report measures and compares. A qualified person interprets it"

if "not in this build" in subprocess.run([PLANTAR, "help"], capture_output=True, text=True).stdout:
    pytest.skip("built without cairo and FreeType", allow_module_level=True)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    subprocess.run([SOURCE / "docs" / "report" / "sessions", PLANTAR, folder, "standing", "walking", "before_after",
                    "counts", "one_step"], check=True, capture_output=True)
    return folder


def sessions(archive, name):
    """Folders of its sessions, oldest first."""
    found = [p.parent for p in (archive / name).rglob("trial-001.h5")]
    return sorted(found, key=lambda p: document("info", "--json", p / "trial-001.h5")["recordings"][0]["session"]["started_utc"])


def report(to, *args):
    to.unlink(missing_ok=True)
    run("report", *args, "-o", to)
    return to


def text_of(pdf, *args):
    return subprocess.run(["pdftotext", *args, pdf, "-"], check=True, capture_output=True, text=True).stdout


def shown(value):
    """As plantar prints a figure: four digits that say something."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:.0f}"
    digits = max(0, 3 - int(f"{abs(value):e}".split("e")[1]))
    return f"{value:.{digits}f}"


def row_of(text, label, unit, at=0):
    """The numbers of a table's row in `pdftotext -layout`."""
    rows = [line for line in text.splitlines() if re.match(rf"\s*{re.escape(label)}\s+{re.escape(unit)}\s", line)]
    assert rows, (label, unit)
    return rows[at].split(unit, 1)[1].split()


def counted(folder):
    """Documents of the trials that were not rejected."""
    paths = sorted(p for p in folder.glob("trial-*.h5"))
    info = {p: document("info", "--json", p)["recordings"][0]["session"] for p in paths}
    assert info
    said = json.loads((folder / "session.json").read_text())
    rejected = {t["trial"] for t in said["trials"] if t.get("accepted") is False}
    return [document("analyze", "--json", p) for p in paths if info[p]["trial"] not in rejected]


def test_standing_numbers_are_those_of_analyze(archive, tmp_path):
    folder, = sessions(archive, "standing")
    text = text_of(report(tmp_path / "s.pdf", folder, "--pdf"), "-layout")
    trials = counted(folder)
    assert len(trials) == 3  # of four, one is rejected
    for side, at in (("left", 1), ("right", 4)):
        for label, key, unit in (("share of body load", f"{side}_pct", "%"), ("mean force", f"{side}_force_mean_n", "N"),
                                 ("heel, of the foot's load", f"{side}_heel_pct", "%")):
            values = [t["standing"]["load"][key] for t in trials]
            row = row_of(text, label, unit)
            assert row[at - 1] == "3"
            assert row[at] == shown(statistics.mean(values)), (label, side)
            assert float(row[at + 1]) == pytest.approx(statistics.stdev(values), rel=0.01)
    for label, key, unit in (("area of the 95 % ellipse", "area_95_mm2", "mm²"), ("length of the path", "path_mm", "mm")):
        values = [t["standing"]["sway"][key] for t in trials]
        row = row_of(text, label, unit)
        assert row[:2] == ["3", shown(statistics.mean(values))]
        assert row[3:5] == [shown(min(values)), shown(max(values))]
    for t in trials:  # each trial's own ellipse
        assert f"{shown(t['standing']['sway']['area_95_mm2'])} mm²" in text


def test_steps_and_their_detectable_difference(archive, tmp_path):
    folder, = sessions(archive, "walking")
    text = text_of(report(tmp_path / "w.pdf", folder, "--pdf", "--condition", "barefoot"), "-layout")
    steps = [s for t in counted(folder) if t["recording"]["condition"] == "barefoot" for s in t["steps"] if s["accepted"]]
    for label, key, unit in (("contact time", "contact_time_s", "s"), ("peak force", "force_peak_n", "N"),
                             ("heel, of the impulse", "heel_impulse_pct", "%")):
        row = row_of(text, label, unit)
        for side, at in (("left", 0), ("right", 3)):
            values = [s[key] for s in steps if s["side"] == side]
            assert row[at:at + 2] == [str(len(values)), shown(statistics.mean(values))]
    a = [s["heel_impulse_pct"] for s in steps if s["side"] == "left"]
    b = [s["heel_impulse_pct"] for s in steps if s["side"] == "right"]
    assert len(a) == len(b) == 5  # df 8: t = 2.306
    pooled = ((statistics.variance(a) + statistics.variance(b)) / 2) ** 0.5
    row = row_of(text, "heel, of the impulse", "%")
    assert float(row[6]) == pytest.approx(statistics.mean(b) - statistics.mean(a), rel=0.01)
    assert float(row[7]) == pytest.approx(2.306 * pooled * (2 / 5) ** 0.5, rel=0.01)


def test_sessions_beside_each_other_are_those_of_compare(archive, tmp_path):
    before, after = sessions(archive, "before-after")
    text = text_of(report(tmp_path / "c.pdf", after, before, "--pdf"), "-layout")  # the order is time's
    compared = document("compare", before, after, "--json")["comparisons"][0]
    figure = next(f for f in compared["figures"] if (f["figure"], f["side"]) == ("steps.heel_impulse_pct", "left"))
    # unit, side, n, A, SD, n, B, SD, B - A, detectable, word
    row = next(line.split() for line in text.splitlines() if re.match(r"\s*heel, of the impulse\s+%\s+left\s", line))[4:]
    assert row[1] == "left" and row[2] == str(figure["a_n"]) and row[3] == shown(figure["a_mean"])
    assert row[5] == str(figure["b_n"]) and row[6] == shown(figure["b_mean"])
    assert float(row[8]) == pytest.approx(figure["difference"], rel=0.01)
    assert row[9:] == ["-", "unknown"]  # of two sessions nothing is known from day to day
    assert "0 figures, chosen beforehand, were compared" in text


def test_what_does_not_count_has_its_reason(archive, tmp_path):
    folder, = sessions(archive, "standing")
    text = " ".join(text_of(report(tmp_path / "s.pdf", folder, "--pdf")).split())
    assert "rejected" in text and "looked round" in text
    assert "4, of which 3 count" in text
    assert "barfuß, Augen offen" in text and "Schwellung über Nacht zurückgegangen" in text


def test_every_page_says_what_it_is_for(archive, tmp_path):
    folder, = sessions(archive, "walking")
    pages = text_of(report(tmp_path / "w.pdf", folder, "--pdf")).split("\f")[:-1]
    assert len(pages) > 3
    for number, page in enumerate(pages, 1):
        assert FOOTER in page and f"page {number} of {len(pages)}" in page and "P-017" in page
    every = " ".join(" ".join(pages).split())
    assert every.count("method: plantar-metrics/") > len(pages) - 2
    assert "contact: on 30 N, off 20 N" in every and "filter of the steps: none" in every


@pytest.mark.parametrize("form", ["pdf", "html", "svg", "png"])
def test_the_same_bytes_twice(archive, tmp_path, form):
    folder, = sessions(archive, "walking")
    page = ["--page", 2] if form in ("svg", "png") else []
    first = report(tmp_path / f"a.{form}", folder, f"--{form}", *page).read_bytes()
    # another folder to be in, another time zone, another place
    env = os.environ | {"TZ": "Pacific/Auckland"}
    run("report", folder, f"--{form}", *page, "-o", tmp_path / f"b.{form}", env=env, cwd=tmp_path)
    assert (tmp_path / f"b.{form}").read_bytes() == first
    out = subprocess.run([PLANTAR, "report", folder, f"--{form}", *map(str, page), "-o", "-"], capture_output=True, check=True)
    assert out.stdout == first
    if form == "pdf":
        assert b"20260302094500Z" in first  # the session's date, not today's


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.references, self.cells, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.references += [v for k, v in attrs if k in ("href", "src", "xlink:href", "action", "data", "srcset")]

    def handle_data(self, data):
        self.words.append(data)


def test_html_is_one_file_with_the_same_numbers(archive, tmp_path):
    folder, = sessions(archive, "walking")
    source = report(tmp_path / "w.html", folder, "--html").read_text()
    page = Page(source)
    assert page.references == [] and "://" not in source and "url(" not in source and "@import" not in source
    assert not {"script", "link", "img", "iframe", "object", "embed"} & set(page.tags)
    assert page.tags.count("table") >= 3 and page.tags.count("svg") >= 5
    # every number of the PDF's tables is in it
    words = " ".join(" ".join(page.words).split())
    text = text_of(report(tmp_path / "w.pdf", folder, "--pdf"), "-layout")
    for label, unit in (("contact time", "s"), ("peak force", "N"), ("peak pressure, heel", "kPa")):
        for number in row_of(text, label, unit):
            assert number in words
    assert FOOTER in words


def test_pictures_and_drawings_of_each_page(archive, tmp_path):
    folder, = sessions(archive, "standing")
    pages = len(text_of(report(tmp_path / "s.pdf", folder, "--pdf")).split("\f")) - 1
    names = run("report", folder, "--svg", "-o", tmp_path / "s.svg").stdout.split()
    assert names == [str(tmp_path / f"s-{k}.svg") for k in range(1, pages + 1)]
    for name in names:
        drawing = xml.dom.minidom.parse(name)
        assert drawing.documentElement.getAttribute("viewBox") == "0 0 595.28 841.89"
    assert "barfuß, Augen offen" in pathlib.Path(names[0]).read_text()
    run("report", folder, "--png", "-o", tmp_path / "s.png")
    data = (tmp_path / "s-1.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", data[16:24]) == (1240, 1754)
    assert "there is no page 99" in run("report", folder, "--png", "--page", 99, code=2, cwd=tmp_path).stderr


def inked(pdf, page):
    """Has a page anything but white in its margins to the left and right? Nothing may be cut off there."""
    ppm = subprocess.run(["pdftoppm", "-r", "72", "-f", str(page), "-l", str(page), pdf], check=True, capture_output=True).stdout
    size, at = re.match(rb"P6\s+(\d+) (\d+)\s+255\s", ppm), 3 * 36  # 42 points are white
    width, start = int(size[1]), size.end()
    rows = [ppm[i:i + 3 * width] for i in range(start, len(ppm), 3 * width)]
    assert len(rows) == int(size[2])
    return any(r[:at].strip(b"\xff") or r[-at:].strip(b"\xff") for r in rows)


def test_nothing_reaches_into_the_margins(archive, tmp_path):
    for name in ("before-after", "walking", "standing", "counts"):
        pdf = report(tmp_path / "c.pdf", *sessions(archive, name), "--pdf")
        for page in range(1, len(text_of(pdf).split("\f"))):
            assert not inked(pdf, page), (name, page)


def test_no_head_of_a_table_is_alone_at_the_foot_of_a_page(tmp_path):
    """Wherever a table comes to lie: a note grows line by line and pushes it down."""
    run("simulate", "--person", "standing", "--as", "pmp-64x64", "--hz", 50, "--seconds", 10, "--capture", tmp_path / "s.plcap")
    run("import", tmp_path / "s.plcap", "--subject", "P-1", "--condition", "barefoot", "--out", tmp_path / "sessions")
    folder, = sessions(tmp_path, "sessions")
    for lines in range(4):
        if lines:
            run("annotate", folder, "notes=" + "walked here, stood still; " * 4 * (lines - 1) + "no pain")
        pages = text_of(report(tmp_path / "s.pdf", folder, "--pdf"), "-layout").split(FOOTER)[:-1]
        for last in (page.rstrip().splitlines()[-1] for page in pages):
            assert not re.match(r" +unit ", last), (lines, last)


def test_counts_are_never_newtons(archive, tmp_path):
    folder, = sessions(archive, "counts")
    text = " ".join(text_of(report(tmp_path / "c.pdf", folder, "--pdf")).split())
    assert "values are counts, not newtons or kilopascals" in text
    assert " counts" in text and not re.search(r"\d (N|kPa|BW)\b", text.replace("30 N", "").replace("20 N", ""))


def test_a_calibration_that_had_ended_is_said(tmp_path):
    mat = tmp_path / "old.conf"
    mat.write_text((SOURCE / "config" / "mats" / "pmp-64x64.conf").read_text().replace(
        'unit = "kPa";', 'unit = "kPa"; id = "lab-7"; calibrated = "2020-01-01"; expires = "2021-01-01";'))
    walk = person(tmp_path, mat=mat)
    for started, said in (("2026-05-06T08:00", True), ("2020-05-06T08:00", False)):
        run("import", walk, "--subject", "P-1", "--started", started, "--out", tmp_path / started[:4])
        folder, = {p.parent for p in (tmp_path / started[:4]).rglob("trial-001.h5")}
        text = " ".join(text_of(report(tmp_path / "e.pdf", folder, "--pdf")).split())
        assert ("lab-7 of this mat ended on 2021-01-01, before 2026-05-06" in text) is said


def test_a_single_step_and_a_single_trial(archive, tmp_path):
    folder, = sessions(archive, "one-step")
    text = text_of(report(tmp_path / "o.pdf", folder, "--pdf"), "-layout")
    assert "à pied nu, côté gauche" in text
    row = row_of(text, "contact time", "s")
    assert sorted([row[0], row[3]]) in (["0", "1"], ["1", "1"])
    assert row[-2:] == ["-", "-"] or row[-1] == "-"  # one step has no scatter: nothing is detectable
    one = report(tmp_path / "one.pdf", folder / "trial-001.h5", "--pdf")
    assert row_of(text_of(one, "-layout"), "contact time", "s") == row


def test_default_name_is_of_code_and_session(archive, tmp_path):
    folder, = sessions(archive, "standing")
    uuid = document("info", "--json", folder / "trial-001.h5")["recordings"][0]["session"]["session_uuid"]
    name = run("report", folder, "--pdf", cwd=tmp_path).stdout.strip()
    assert name == f"P-017-2026-03-02-{uuid[:8]}.pdf" and (tmp_path / name).exists()


RANGES = {"study": "Müller, A. (2020). Journal 1:2-3", "population": "60 people of 20 to 40 years, barefoot",
          "range": "mean +- 1 SD", "figures": {"steps.contact_time_s": {"low": 0.61, "high": 0.71}}}


def test_reference_ranges_name_whose_they_are(archive, tmp_path):
    folder, = sessions(archive, "walking")
    path = tmp_path / "ranges.json"
    path.write_text(json.dumps(RANGES))
    plain = text_of(report(tmp_path / "a.pdf", folder, "--pdf"), "-layout")
    text = text_of(report(tmp_path / "b.pdf", folder, "--pdf", "--reference", path), "-layout")
    assert "reference" not in plain.lower()
    assert "0.6100 to 0.7100" in text
    joined = " ".join(text.split())
    assert RANGES["study"] in joined and RANGES["population"] in joined


@pytest.mark.parametrize("change, what", [
    ({"study": ""}, "study"), ({"population": None}, "population"), ({"norms": 1}, "norms"),
    ({"figures": {"x": {"low": 2, "high": 1}}}, "low below high"), ({"figures": {}}, "figures")])
def test_a_reference_that_does_not_say_whose_it_is_is_refused(archive, tmp_path, change, what):
    folder, = sessions(archive, "one-step")
    path = tmp_path / "ranges.json"
    path.write_text(json.dumps(RANGES | change))
    err = run("report", folder, "--pdf", "--reference", path, "-o", tmp_path / "x.pdf", code=1).stderr
    assert what in err and "ranges.json" in err
    assert not (tmp_path / "x.pdf").exists()


def test_what_may_not_stand_side_by_side(archive, tmp_path):
    standing, = sessions(archive, "standing")
    walking, = sessions(archive, "walking")
    before, _ = sessions(archive, "before-after")
    to = tmp_path / "x.pdf"
    assert "more than one person" in run("report", standing, before, "--pdf", "-o", to, code=1).stderr
    assert "same session" in run("report", walking, walking, "--pdf", "-o", to, code=2).stderr
    assert "more than one session" in run("report", archive / "before-after", "--pdf", "-o", to, code=2).stderr
    assert "holds no trial of the condition" in run("report", walking, "--pdf", "--condition", "x", "-o", to,
                                                   code=1).stderr
    assert "--pdf" in run("report", walking, code=2).stderr
    assert not to.exists()


def test_a_font_that_is_none(archive, tmp_path):
    folder, = sessions(archive, "one-step")
    err = run("report", folder, "--pdf", "--font", SOURCE / "README.md", "-o", tmp_path / "x.pdf", code=1).stderr
    assert "README.md cannot be read as a font" in err


def cpu_of(*args):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(*args)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_drawing_costs_less_than_computing(archive, tmp_path):
    folder, = sessions(archive, "walking")
    trials = sorted(folder.glob("trial-*.h5"))
    computing = sum(cpu_of("analyze", "--json", t) for t in trials)
    drawing = cpu_of("report", folder, "--pdf", "-o", tmp_path / "w.pdf")
    print(f"report of {len(trials)} trials: {drawing:.2f} s of CPU, analyze of each: {computing:.2f} s")
    assert drawing < 3 * computing
