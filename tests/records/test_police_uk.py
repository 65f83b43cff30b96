from __future__ import annotations

import datetime as dt
import gzip
import zipfile
from pathlib import Path

import pytest
from records_files import HEADER, row, text

from forestall.records.intake import BadFile
from forestall.records.records import Records
from forestall.records.store import Store


def rejects(records: Records) -> list[tuple[int, str]]:
    return [(r["line"], r["reason"]) for r in records.rejects().to_pylist()]


def test_a_row_in_the_schema(street) -> None:
    path = street([row("a" * 64, category="Drugs", outcome="Local resolution"), row()])
    crime, asb = Records.from_files([path]).rows().sort_by("line").to_pylist()
    assert crime["record_id"] == crime["source_ref"] == "a" * 64
    assert (crime["force"], crime["kind"], crime["category"], crime["origin"]) == (
        "gwent",
        "crime",
        "drugs",
        "police-generated",
    )
    assert crime["occurred_from"] == dt.datetime(2022, 1, 1)
    assert crime["occurred_to"] == dt.datetime(2022, 1, 31, 23, 59, 59)
    assert (crime["precision"], crime["month"], crime["line"]) == ("month", "2022-01", 2)
    assert crime["location_id"] == "-2.991607,51.580123"
    # within the accuracy of a shift without the national grid's own correction file
    assert (crime["easting"], crime["northing"]) == (pytest.approx(331386, abs=5), pytest.approx(187273, abs=5))
    assert (crime["lsoa"], crime["lsoa_vintage"], crime["outcome"]) == ("W01001662", "2011", "Local resolution")
    assert (asb["kind"], asb["origin"], asb["source_ref"], asb["outcome"]) == ("asb", "unknown", None, None)
    assert crime["victim_id"] is None
    assert crime["flags"] == []


def test_identical_rows_without_an_id_are_twins(street) -> None:
    ids = (
        Records.from_files([street([row(), row(), row(lsoa="W01001663")])]).rows().sort_by("line")["record_id"].to_pylist()
    )
    assert len(set(ids)) == 3
    assert ids[0].removesuffix("-1") == ids[1].removesuffix("-2")


def test_a_repeated_crime_id_keeps_its_rows_and_tells_them_apart(street) -> None:
    one = street([row("c1", category="Burglary"), row("c1", category="Robbery")])
    two = street([row("c1", month="2022-02", category="Burglary")], "2022-02-gwent-street.csv")
    records = Records.from_files([one, two])
    ids = records.rows()["record_id"].to_pylist()
    assert sorted(ids) == ["c1@police-uk.gwent.2022-01", "c1@police-uk.gwent.2022-02", "c1~2"]
    assert records.rows()["source_ref"].to_pylist() == ["c1"] * 3


def test_vintage_by_rule(street) -> None:
    paths = [street([row(month=m)], f"{m}-gwent-street.csv") for m in ("2023-12", "2024-01")]
    table = Records.from_files(paths).rows()
    assert dict(zip(table["month"].to_pylist(), table["lsoa_vintage"].to_pylist(), strict=True)) == {
        "2023-12": "2011",
        "2024-01": "2021",
    }


def test_bad_rows_are_kept_with_line_and_reason_and_the_rest_is_read(street) -> None:
    path = street(
        [
            row(),
            row(month="2022-13"),
            row(category="Piracy"),
            row(lon="51.580123", lat="-2.991607"),
            row(lon="abc"),
            row(force=""),
            row() + ",surplus",
            "short,2022-01",
            row(month="2022-02"),
            row(),
        ]
    )
    records = Records.from_files([path])
    assert records.rows()["line"].to_pylist() == [2, 11]
    assert rejects(records) == [
        (3, "Month '2022-13' is no month (YYYY-MM)"),
        (4, "unknown category 'Piracy'"),
        (5, "longitude and latitude are swapped"),
        (6, "Longitude 'abc' is no number of degrees"),
        (7, "Reported by is empty"),
        (8, "the row has 13 columns, the header 12"),
        (9, "the row has 2 columns, the header 12"),
        (10, "Month 2022-02 in a file named for 2022-01"),
    ]
    assert records.rejects().to_pylist()[1]["raw"].startswith(",2022-01,Gwent Police")


def test_lines_stay_true_after_quoted_line_breaks_and_blank_lines(street) -> None:
    path = street([row(location='"On or near\nMade-up Street"'), "", row(month="2022-13"), row()])
    records = Records.from_files([path])
    assert records.rows()["line"].to_pylist() == [2, 6]
    assert rejects(records) == [(5, "Month '2022-13' is no month (YYYY-MM)")]


def test_an_open_quote_costs_one_row_and_not_the_file(street) -> None:
    records = Records.from_files([street([row(), row(location='"On or near'), *[row()] * 300])])
    assert rejects(records) == [(3, "a quotation mark opens and never closes")]
    assert records.rows().num_rows == 301


def test_points_outside_the_country_and_false_codes_are_flagged_and_counted(street) -> None:
    records = Records.from_files([street([row(lon="0", lat="0"), row(lsoa="unknown"), row(lon="", lat="", lsoa="")])])
    outside, code, nowhere = records.rows().to_pylist()
    assert (outside["flags"], outside["lon"], outside["lsoa"]) == (["point-outside-uk"], None, "W01001662")
    assert (code["flags"], code["lsoa"]) == (["lsoa-not-a-code"], None)
    assert (nowhere["flags"], nowhere["easting"], nowhere["location_id"]) == ([], None, None)
    cube = records.cube()
    assert (cube.counts.sum(), cube.unplaced.sum()) == (1, 2)


def test_a_file_named_for_another_month_is_refused(street) -> None:
    with pytest.raises(BadFile, match="is named for 2022-01, but its rows are of 2022-02: rename"):
        Records.from_files([street([row(month="2022-02")])])


def test_a_file_that_mixes_forces(street) -> None:
    records = Records.from_files([street([row(), row(force="Kent Police")])])
    assert rejects(records) == [(3, "a row of kent in a file named for gwent")]
    merged = street([row(), row(force="Kent Police"), row(force="Kent Police", month="2022-02")], "all.csv")
    assert Records.from_files([merged]).forces() == ["kent", "gwent"]
    with pytest.raises(BadFile, match="mixes rows of gwent, kent"):
        Records.from_files([street([row(), row(force="Kent Police")], "2022-01-essex-street.csv", "b")])


def test_folder_gzip_and_zip_give_the_same_snapshot(tmp_path: Path, street) -> None:
    months = ["2022-01", "2022-02"]
    for m in months:
        street([row(month=m), row("x" + m, month=m, category="Robbery")], f"{m}/{m}-gwent-street.csv", "tree")
        street(["not a street file"], f"{m}/{m}-gwent-outcomes.csv", "tree")
        street(["nor this"], f"{m}/{m}-gwent-stop-and-search.csv", "tree")
    tree = tmp_path / "tree"
    (tree / "README.txt").write_text("read me")
    zipped = tmp_path / "2022-02.zip"
    packed = tmp_path / "gz"
    packed.mkdir()
    with zipfile.ZipFile(zipped, "w") as archive:
        for path in sorted(tree.rglob("*.csv")):
            archive.write(path, path.relative_to(tree).as_posix())
            (packed / (path.name + ".gz")).write_bytes(gzip.compress(path.read_bytes()))
    plain = Records.from_files([tree])
    assert plain.rows().num_rows == 4
    assert Records.from_files([zipped]).snapshot == plain.snapshot == Records.from_files([packed]).snapshot
    report = Store.open(tmp_path / "store", create=True).ingest([zipped])
    assert [len(v) for v in report.left.values()] == [4]
    assert report.read[0].file.endswith("2022-02.zip/2022-01/2022-01-gwent-street.csv")


def test_columns_in_another_order_and_a_byte_order_mark(tmp_path: Path) -> None:
    names = HEADER.split(",")
    order = sorted(range(12), key=lambda i: names[i])
    lines = [",".join(line.split(",")[i] for i in order) for line in (HEADER, row("c1", category="Robbery"))]
    path = tmp_path / "2022-01-gwent-street.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    assert Records.from_files([path]).rows()["category"].to_pylist() == ["robbery"]


def test_real_gwent_adds_up(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "police_uk" / "gwent"
    in_files = sum(gzip.decompress(p.read_bytes()).count(b"\n") - 1 for p in folder.glob("*.csv.gz"))
    report = Store.open(tmp_path / "store", create=True).ingest([folder])
    assert in_files == 180_012
    assert (len(report.read), report.rows + report.rejects) == (34, in_files)
    records = Store.open(tmp_path / "store").records()
    cube = records.cube()
    assert cube.counts.sum() + cube.unplaced.sum() == report.rows
    assert (len(cube.months), cube.months[0], cube.months[-1]) == (34, "2020-01", "2022-10")
    ids = records.arrow(records.table().select("record_id"))["record_id"]
    assert len(ids.unique()) == report.rows, "record ids are unique in a snapshot"
    asb = cube.of("anti-social-behaviour").sum(axis=0) + cube.unplaced[cube.categories.index("anti-social-behaviour")]
    assert asb[3:5].tolist() == [5105, 3955]


def test_text_helper_is_a_police_uk_file() -> None:
    assert text([row()]).splitlines()[0] == HEADER
