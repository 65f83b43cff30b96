"""The library's practices: what each file says, and what the loader says of one that is wrong. A new practice is a file in
``catalogue/practices`` and a line in :data:`SAID`."""

from __future__ import annotations

from decimal import Decimal

import pytest
import yaml

from forestall import catalogue
from forestall.catalogue import library
from forestall.catalogue.practices import practice, practices
from forestall.errors import ForestallError

#: Slug, what the entry rests on, and the direction that the document says. None of them is a rating.
SAID = {
    "alley-gating": ("review", "reduction"),
    "boot-camps": ("review", "none"),
    "cctv": ("review", "reduction"),
    "clear-hold-build": ("named", "unknown"),
    "cognitive-behavioural": ("review", "reduction"),
    "drug-courts": ("review", "reduction"),
    "focused-deterrence": ("review", "reduction"),
    "hot-spot-policing": ("review", "reduction"),
    "integrated-offender-management": ("named", "unknown"),
    "licensed-premises": ("named", "unknown"),
    "mentoring": ("review", "reduction"),
    "neighbourhood-watch-marking": ("review", "reduction"),
    "problem-oriented-policing": ("review", "reduction"),
    "restorative-justice": ("review", "reduction"),
    "scared-straight": ("review", "increase"),
    "second-responder": ("review", "unknown"),
    "stolen-goods-markets": ("named", "unknown"),
    "street-lighting": ("review", "reduction"),
    "target-hardening": ("named", "unknown"),
    "watch-schemes": ("claim", "unknown"),
    "youth-diversion": ("named", "unknown"),
}


def test_each_practice_says_what_its_document_says():
    assert {p.slug: (p.kind, p.direction) for p in practices()} == SAID


@pytest.mark.parametrize("p", practices(), ids=lambda p: p.slug)
def test_no_rating_is_made_up(p):
    """No document at hand gives a quality or a cost, so none is entered; what is not verified says what to verify."""
    assert {f.quality for f in p.emmie.values()} == {None}
    assert p.cost == "unknown"
    assert not p.verified
    assert "Verify before use" in p.verify.render()
    assert p.source
    assert p.five["intervention"], "what is done is always said"
    if p.kind == "named":
        assert p.emmie["effect"].says is None
    if p.kind == "claim":
        assert p.claims
        assert p.direction == "unknown", "a claim is no finding"


def test_effect_and_quality_are_two_fields():
    p = practice("cctv")
    assert p.emmie["effect"].says.render().startswith("A small reduction")
    assert p.emmie["effect"].quality is None
    assert set(p.emmie) == {"effect", "mechanism", "moderators", "implementation", "economics"}
    assert set(p.five) == {"intelligence", "intervention", "implementation", "involvement", "impact"}
    assert practice("nothing-of-that-name") is None


def written(tmp_path, monkeypatch, change):
    """A force's own file: CCTV's, changed."""
    text = catalogue.path("practices/cctv").read_text(encoding="utf-8")
    (tmp_path / "practices").mkdir()
    (tmp_path / "practices" / "own.yaml").write_text(change(text), encoding="utf-8")
    monkeypatch.setenv("FORESTALL_CATALOGUE", str(tmp_path))
    practices.cache_clear()
    return practices


@pytest.fixture(autouse=True)
def fresh():
    yield
    practices.cache_clear()


def test_a_force_s_own_file_joins_with_its_ratings(tmp_path, monkeypatch):
    def rated(text):
        return (
            text.replace(
                'none was seen for violence.", quality: unknown}\n  mechanism',
                'none was seen for violence.", quality: 3}\n  mechanism',
            )
            .replace("verified: false", "verified: true")
            .replace("cost: unknown", "cost: under-10000")
        )

    own = next(p for p in written(tmp_path, monkeypatch, rated)() if p.slug == "own")
    assert (own.emmie["effect"].quality, own.verified, own.cost) == (3, True, "under-10000")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("cost: unknown\n", "", "lacks cost: enter it, as “unknown” where nobody knows"),
        ("kind: review", "kind: review\nstars: 5", "stars is not known; mend the name or take it out"),
        ("kind: review", "kind: gossip", "kind is 'gossip'; choose one of claim, named, review"),
        ("technique: formal-surveillance", "technique: magic", "technique is 'magic'; choose one of"),
        ("mechanisms: [risk]", "mechanisms: risk", "mechanisms is a list, as in  mechanisms:"),
        ("categories: [vehicle-crime]", "categories: [cars]", "one of categories is 'cars'"),
        ("ideas: [car-parks, few-places]", "ideas: [nonsense]", "one of ideas is 'nonsense'"),
        ("public-health: unknown", "public-health: highest", "the tier of public-health is 'highest'"),
        ("{national: primary, public-health: unknown}", "{national: primary}", "tiers names a tier in each of"),
        ("direction: reduction, ", "", "effect of emmie has direction, quality, says"),
        ("direction: reduction", "direction: splendid", "the direction of the effect is 'splendid'"),
        (
            "economics: {says: unknown, quality: unknown}",
            "economics: {says: unknown, quality: 5}",
            "the quality of economics is 0 to 4, or unknown, not 5",
        ),
        ("  economics: {says: unknown, quality: unknown}\n", "", "emmie has the dimensions effect, mechanism"),
        ("economics: {says: unknown", "economics: {says: cheap", "the words of economics need the tag !msg"),
        ("  impact: unknown\n", "", "five has intelligence, intervention"),
        ('date: "2015-03"', "date: recently", 'date is a year, month or day, as in  date: "2015-03", or unknown'),
        ("verified: false", "verified: perhaps", "verified is true or false, not 'perhaps'"),
        ("title: !msg", "title:", "title needs the tag !msg"),
        ("verified: false", "claims: [{says: x}]\nverified: false", "a claim has says, with the tag !msg, and source"),
        ("kind: review", "kind: [", "mend the YAML there"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_what_to_do(tmp_path, monkeypatch, old, new, says):
    def change(text):
        assert old in text
        return text.replace(old, new, 1)

    with pytest.raises(ForestallError) as told:
        written(tmp_path, monkeypatch, change)()
    assert says in str(told.value)
    assert "own.yaml" in str(told.value)


def test_a_file_that_is_no_mapping_is_named(tmp_path, monkeypatch):
    with pytest.raises(ForestallError, match=r"own\.yaml must be a mapping"):
        written(tmp_path, monkeypatch, lambda _: yaml.safe_dump(["a", "b"]))()


@pytest.mark.parametrize(
    ("cost", "band"),
    [
        (None, "unknown"),
        (Decimal(0), "under-1000"),
        (Decimal("999.99"), "under-1000"),
        (Decimal(1000), "under-10000"),
        (Decimal(99_999), "under-100000"),
        (Decimal(100_000), "over-100000"),
    ],
)
def test_bands_of_cost(cost, band):
    assert library.band(cost) == band


def test_a_title_that_is_gone_is_its_slug():
    assert library.title("verdicts", "gone") == "gone"
