"""What charts and change points share: a series checked, its scatter, its season, and draws of it with its total kept."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ive

from forestall.text import Name, month_name

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Below this mean count, moving ranges hardly grow with scatter, and squares of successive differences are used.
FEW = 5.0

#: A moving range above this many times the mean one comes from a jump, and not from scatter (Nelson 1982).
JUMP = 3.267

#: Mean moving range of two standard normal numbers, 2 / sqrt(pi).
D2 = 2 / math.sqrt(math.pi)


def checked_series(values: npt.ArrayLike, name: str, *, negative: bool = False) -> Floats:
    """``values`` as floats, shape (n,). Raises ``ValueError`` for none, missing or (if not ``negative``) negative ones."""
    try:
        x = np.asarray(values, float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers, not {values!r:.60}") from None
    if x.ndim != 1:
        raise ValueError(f"{name} must be one series, not an array of shape {x.shape}: give one row or column")
    if x.size == 0:
        raise ValueError(f"{name} holds nothing: give one number a period")
    _no_bad(x, name, negative)
    return x


def checked_exposure(exposure: npt.ArrayLike | None, n: int) -> Floats:
    """``exposure`` as floats above 0, shape (n,); ones where None."""
    if exposure is None:
        return np.ones(n)
    e = np.asarray(exposure, float)
    if e.shape != (n,):
        raise ValueError(f"exposure needs one number for each of the {n} periods, not shape {e.shape}")
    bad = np.flatnonzero(~(np.isfinite(e) & (e > 0)))
    if bad.size:
        raise ValueError(
            f"exposure must be above 0 in every period; period {bad[0]} has {e[bad[0]]!r}: leave the period out"
        )
    return e


def checked_labels(
    labels: Sequence[object] | None, n: int, name: str = "labels", *, of: str = "periods"
) -> tuple[str, ...]:
    """A label for each of ``n`` periods, or of what ``of`` says: the texts given, or the numbers 1 … n.

    Raises ``ValueError``, in which they are called ``name``, where they are more or fewer.
    """
    if labels is None:
        return tuple(str(i + 1) for i in range(n))
    if len(labels) != n:
        raise ValueError(f"{name} must have one name for each of the {n} {of}, not {len(labels)}")
    return tuple(str(v) for v in labels)


def _no_bad(x: Floats, name: str, negative: bool) -> None:
    bad = np.flatnonzero(~np.isfinite(x.ravel()))
    if bad.size:
        raise ValueError(
            f"{name} must be known numbers; number {bad[0]} is {x.ravel()[bad[0]]!r}: leave periods without a count out"
        )
    if not negative and (x < 0).any():
        raise ValueError(f"{name} must be 0 or more, not {x.min()!r}: correct the record")


def checked_areas(counts: npt.ArrayLike, name: str) -> Floats:
    """``counts`` as floats of shape (areas, periods), 0 or more."""
    x = np.asarray(counts, float)
    if x.ndim != 2 or x.shape[0] < 2:
        raise ValueError(f"{name} must be an array of areas by periods with two areas or more, not shape {x.shape}")
    _no_bad(x, name, False)
    return x


def label_name(label: str) -> Name | str:
    """A label in a sentence: months by their names."""
    if len(label) == 7 and label[4] == "-" and label[:4].isdigit() and label[5:].isdigit() and 1 <= int(label[5:]) <= 12:
        return Name(month_name(label), month_name(label, "cy"))
    return label


def is_whole(x: Floats) -> bool:
    """Whether all are counts, and not sums of weights."""
    return bool((x == np.round(x)).all())


def moving_dispersion(x: Floats, mean: Floats, whole: bool, scale: Floats | None = None) -> Floats:
    """Variance over mean, from one period to the next, so that a change of level hardly enters it; shape (...,).

    ``x``: shape (..., periods). ``mean``: what is expected; ``scale``: the same where levels have changed, by which
    differences are standardised (``mean`` where None); of the shape of ``x`` or one that broadcasts to it. From five a
    period on, it is the squared mean moving range of standardised counts over what a Poisson count would give, moving
    ranges of jumps set aside; below, half the mean squared successive difference. 1 at the least for whole counts.
    """
    mean = np.maximum(mean, 1e-12)
    scale = mean if scale is None else np.maximum(scale, 1e-12)
    d = np.abs(np.diff((x - mean) / np.sqrt(scale), axis=-1))
    if d.shape[-1] == 0:
        return np.ones(x.shape[:-1])
    if whole and scale.mean() < FEW:
        phi = (d**2).mean(-1) / 2
    else:
        m = (scale[..., 1:] + scale[..., :-1]) / 2
        few = np.minimum(m, 1e4)  # a normal count's from there on
        usual = 2 * np.sqrt(few) * (ive(0, 2 * few) + ive(1, 2 * few)) if whole else np.full(m.shape, D2)
        kept = np.ones(d.shape, bool)
        for _ in range(20):
            size = (d * kept).sum(-1) / np.maximum((usual * kept).sum(-1), 1e-300)
            fewer = d <= JUMP * D2 * size[..., None] + 1e-12
            if (fewer == kept).all():
                break
            kept = fewer
        phi = size**2
    return np.asarray(np.maximum(phi, 1.0) if whole else np.maximum(phi, 1e-9), float)


def draws_given_total(
    total: float, mean: Floats, dispersion: float, whole: bool, draws: int, rng: np.random.Generator
) -> Floats:
    """Series of this total that scatter around ``mean`` by variance ``dispersion`` times the mean; shape (draws, periods).

    Negative-binomial counts of one dispersion, given their total, are Dirichlet-multinomial, and gamma sums Dirichlet;
    this needs no other parameter than the dispersion.
    """
    share = mean / mean.sum()
    if whole and dispersion <= 1 + 1e-9:
        return rng.multinomial(round(total), share, size=draws).astype(float)
    shape = share * total / ((dispersion - 1) if whole else dispersion)
    g = np.maximum(rng.standard_gamma(np.maximum(shape, 1e-9), size=(draws, mean.size)), 1e-290)
    p = g / g.sum(1, keepdims=True)
    return rng.multinomial(round(total), p).astype(float) if whole else np.asarray(p * total, float)


def season_design(n: int, period: int, fitted: int) -> Floats:
    """Columns of a constant and yearly harmonics: one, or two where ``fitted`` periods allow; shape (n, 1 + 2h)."""
    t = np.arange(n)
    columns = [np.ones(n)]
    for h in range(1, (2 if fitted >= 2.5 * period and period > 4 else 1) + 1):
        columns.append(np.cos(2 * np.pi * h * t / period))
        if 2 * h != period:
            columns.append(np.sin(2 * np.pi * h * t / period))
    return np.stack(columns, 1)


def step_gains(season: Floats, x: Floats, exposure: Floats, least: int) -> tuple[Floats, Floats]:
    """Twice the log-likelihood gain of a step at each period beside a season fitted with it, NaN where none is tried, and
    the seasonal index with the best step, of mean 1; shape (periods,) each. ``season``: :func:`season_design`'s columns."""
    n = x.size
    at = np.arange(least, n - least + 1)
    step = (np.arange(n)[None] >= at[:, None]).astype(float)
    design = np.concatenate([np.broadcast_to(season, (at.size, *season.shape)), step[..., None]], 2)
    start = log_linear(season, x[None], exposure)[0]
    beta = np.concatenate([np.broadcast_to(start, (at.size, start.size)), np.zeros((at.size, 1))], 1)
    ridge = 1e-9 * np.eye(design.shape[2])
    for _ in range(60):
        mu = exposure * np.exp(np.clip(np.einsum("anp,ap->an", design, beta), -30, 30))
        curve = np.einsum("anp,an,anq->apq", design, mu, design) + ridge
        move = np.linalg.solve(curve, np.einsum("anp,an->ap", design, x - mu)[..., None])[..., 0]
        move = np.clip(move, -2, 2)
        beta = beta + move
        if np.abs(move).max() < 1e-9:
            break
    flat = exposure * np.exp(season @ start)
    level = (x * np.log(flat) - flat).sum()
    mu = exposure * np.exp(np.clip(np.einsum("anp,ap->an", design, beta), -30, 30))
    gains = np.full(n, np.nan)
    gains[at] = np.maximum(2 * ((x * np.log(mu) - mu).sum(1) - level), 0.0)
    best = int(np.nanargmax(gains)) - least
    index = np.exp(np.clip(season[:, 1:] @ beta[best, 1:-1], -20, 20))
    return gains, np.asarray(index / index.mean(), float)


def log_linear(design: Floats, x: Floats, exposure: Floats) -> Floats:
    """Coefficients of ln E(x) = ln exposure + design beta by quasi-Poisson likelihood; shape (series, columns).

    ``x``: shape (series, periods), each with some above 0. All series are fitted side by side.
    """
    beta = np.zeros((x.shape[0], design.shape[1]))
    beta[:, 0] = np.log(np.maximum(x.sum(1) / exposure.sum(), 1e-12))
    ridge = 1e-9 * np.eye(design.shape[1])
    for _ in range(60):
        mu = exposure * np.exp(np.clip(beta @ design.T, -30, 30))
        curve = np.einsum("np,rn,nq->rpq", design, mu, design) + ridge
        step = np.linalg.solve(curve, ((x - mu) @ design)[..., None])[..., 0]
        step = np.clip(step, -2, 2)
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    return np.asarray(beta, float)
