"""Invented names, English and Welsh: none is a real force, town or ward of these islands as far as we know.

Names are put together from made-up stems with the elements that Welsh place names are made of, so that both languages are
exercised: some places have one name, some an English and a Welsh one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Name:
    """A name in English and in Welsh; ``cy`` is empty where both languages use the same."""

    en: str
    cy: str = ""


FORCE = Name("Gwenllys", "")
FORCE_TITLE = Name("Gwenllys Police", "Heddlu Gwenllys")

#: The five local authorities, in the order of :data:`forestall.sample.geography.AUTHORITIES`.
AUTHORITIES = (
    Name("Port Idwyr", "Porth Idwyr"),
    Name("Tarwen Valleys", "Cymoedd Tarwen"),
    Name("Upper Morwig", "Blaenau Morwig"),
    Name("Hesgor", ""),
    Name("Lunet Vale", "Bro Luned"),
)

#: Towns by authority, largest first.
TOWNS = (
    (Name("Port Idwyr", "Porth Idwyr"), Name("Saltmere", "Morfa Helen"), Name("Caer Wyddan", "")),
    (
        Name("Tarwen Bridge", "Pont-ar-Darwen"),
        Name("Cwm Ceiros", ""),
        Name("Abermaelan", ""),
        Name("Rhiworwig", ""),
        Name("Blackforge", "Gefail Ddu"),
        Name("Trefabli", ""),
    ),
    (Name("Blaenforwig", ""), Name("Nantyllwch Isaf", ""), Name("Coldspring", "Ffynnon Oeraf")),
    (Name("Hesgor New Town", "Tre Newydd Hesgor"), Name("Pontysiriol", ""), Name("Old Hesgor", "Hen Hesgor")),
    (Name("Lunet", "Luned"), Name("Marcherbury", "Caer-y-Mers"), Name("Dolwyran", ""), Name("Wenford", "Rhyd-wenfro")),
)

_PREFIXES = (
    "Pen", "Tre", "Llan", "Rhiw", "Cefn ", "Maes", "Pont", "Bryn", "Nant", "Coed ", "Gelli", "Rhos", "Waun ", "Craig ",
)  # fmt: skip
_STEMS = (
    "orwig", "wyddan", "geiros", "dolwyr", "hesgor", "luneth", "maelan", "pelydan", "rhuban", "siriol", "tarwen",
    "ysgellyn", "wenfro", "gadwyr", "ithlan", "fabli", "idwyr", "ellwy", "arfynydd", "ddwyrin", "ferwen", "llwchor",
)  # fmt: skip
_PAIRS = (
    ("Upper {}", "{} Uchaf"), ("Lower {}", "{} Isaf"), ("{} North", "Gogledd {}"), ("{} South", "De {}"),
    ("{} East", "Dwyrain {}"), ("{} West", "Gorllewin {}"), ("{} Castle", "Castell {}"), ("{} Park", "Parc {}"),
)  # fmt: skip

_STREET_FIRST = (
    "Station", "Church", "Chapel", "Mill", "Quarry", "Colliery", "Harbour", "Market", "Park", "Victoria", "Albert",
    "George", "Foundry", "Meadow", "Orchard", "School", "Bridge", "Castle", "River", "Hill", "Oak", "Alder", "Rowan",
    "Heron", "Curlew", "Lapwing", "Kestrel", "Bevan", "Morris", "Griffiths", "Pritchard",
    "Vaughan", "Tramway", "Incline", "Furnace", "Well",
)  # fmt: skip
_STREET_LAST = (
    "Street", "Road", "Avenue", "Close", "Terrace", "Crescent", "Lane", "Place", "Drive", "Gardens", "Rise", "Row",
)  # fmt: skip
_STREET_WELSH = ("Heol", "Stryd", "Clos", "Rhodfa", "Ffordd", "Maes", "Lôn", "Teras")
_STREET_WELSH_LAST = (
    "y Bont", "yr Eglwys", "y Felin", "y Dderwen", "yr Orsaf", "y Parc", "Fawr", "Isaf", "Uchaf", "y Nant", "y Castell",
    "Gwyrdd", "yr Afon", "y Pentre", "Wen", "y Gwanwyn", "Las", "y Capel", "y Môr", "yr Onnen",
)  # fmt: skip


def wards(rng: np.random.Generator, n: int) -> list[Name]:
    """``n`` different ward names, a third of them in two languages."""
    seen: dict[str, Name] = {}
    while len(seen) < n:
        base = str(rng.choice(_PREFIXES)) + str(rng.choice(_STEMS))
        base = " ".join(part[:1].upper() + part[1:] for part in base.split(" "))
        name = Name(base)
        if rng.random() < 0.34:
            en, cy = _PAIRS[int(rng.integers(len(_PAIRS)))]
            name = Name(en.format(base), cy.format(base))
        if not any(base in other for other in seen) or rng.random() < 0.02:
            seen.setdefault(name.en, name)
    return list(seen.values())


def streets(rng: np.random.Generator, n: int) -> list[str]:
    """``n`` street names as a map point would show them; names repeat over a force, as they do in life."""
    english = [f"{a} {b}" for a in _STREET_FIRST for b in _STREET_LAST]
    welsh = [f"{a} {b}" for a in _STREET_WELSH for b in _STREET_WELSH_LAST]
    weights = 1.0 / (1.0 + np.arange(len(english) + len(welsh)) % 37)
    everything = np.array(english + welsh)[rng.permutation(len(english) + len(welsh))]
    return [str(s) for s in rng.choice(everything, size=n, p=weights / weights.sum())]
