"""The walk of a search: propose -> train -> score, round after round, then the result.

Every step reads files and writes one; a rule of the DAG does one step, `lnl search` does them all. What is proposed is
a pure function of the scores so far and the search's seed, so a search that was stopped anywhere goes on as if it had
not been. Rounds and candidates are counted from 0 here and from 1 in files and paths.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lnl.declared import paths, search_rounds, searches
from lnl.declared.cells import Search
from lnl.errors import UserError
from lnl.search.files import current, read, write

if TYPE_CHECKING:  # scoring a round, a job of its own, needs no numpy and no scipy
    from lnl.declared.suite import Suite
    from lnl.search.algorithms import Algorithm
    from lnl.search.history import Candidate, Round
    from lnl.search.listed import Listed
    from lnl.search.spaces import Space


def space_of(suite: Suite, search: Search) -> Space | Listed:
    """The declared space of a search, or its declared list of values."""
    declared = suite.searches[search.name]
    if "values" in declared:
        from lnl.search.listed import Listed

        return Listed(tuple(declared["values"]))
    from lnl.search.spaces import space_in

    return space_in(suite.files.of("config/spaces", declared["space"]))


def algorithm_of(suite: Suite, search: Search) -> Algorithm:
    """The declared algorithm of a search, for its space and budget."""
    from lnl.search.algorithms import build

    spec = suite.declared_search(search).spec
    algorithm = {"name": "grid"} if "parameter" in spec else spec["algorithm"]  # its points stand for listed values
    return build(algorithm, space_of(suite, search).dimension, spec["rounds"], spec["samples"])


def history(suite: Suite, search: Search, rounds: int) -> list[Round]:
    """The first `rounds` rounds with their scores; UserError for a file that is missing or another search's."""
    from lnl.search.history import Round

    out = []
    for round in range(rounds):
        page = read(suite, search, paths.scores(suite.scale, search.id, search.seed, round + 1))
        out.append(Round(tuple(map(candidate, page["candidates"])), tuple(c["score"] for c in page["candidates"])))
    return out


def candidate(entry: dict[str, Any]) -> Candidate:
    """A candidate of a page, as algorithms see it."""
    from lnl.search.history import Candidate

    origin = entry["continues"]
    return Candidate(tuple(entry["u"]), entry["fraction"], None if origin is None else (origin[0] - 1, origin[1] - 1))


def propose(suite: Suite, search: Search, round: int) -> None:
    """Write the candidates of a round; the first one checks the space before anything is trained."""
    if round == 0:
        from lnl.search.spaces import Space, check_range

        space = space_of(suite, search)
        if isinstance(space, Space):
            check_range(space, float(suite.declared_search(search).candidate["paper_epochs"]))
    adaptive = search_rounds.adaptive(suite.declared_search(search).spec["algorithm"])
    known = history(suite, search, round) if adaptive else _unscored(suite, search, round)
    path = paths.proposals(suite.scale, search.id, search.seed, round + 1)
    write(suite, search, path, {"round": round + 1, "candidates": _proposed(suite, search, round, known)})


def _proposed(suite: Suite, search: Search, round: int, known: list[Round]) -> list[dict[str, Any]]:
    """The candidates of a round after the rounds before it, as files hold them."""
    import numpy as np

    space = space_of(suite, search)
    candidates = algorithm_of(suite, search).propose(known, search.seed)
    wanted = searches.rounds(suite, search)[round]
    if [c.fraction for c in candidates] != wanted:
        raise RuntimeError(
            f"{search.id}: round {round + 1} proposes {len(candidates)} candidates, {len(wanted)} planned"
        )
    return [
        {
            "candidate": i + 1,
            "u": list(c.u),
            "fraction": c.fraction,
            "continues": None if c.origin is None else [c.origin[0] + 1, c.origin[1] + 1],
            **space.entry(np.array(c.u)),
        }
        for i, c in enumerate(candidates)
    ]


def _unscored(suite: Suite, search: Search, round: int) -> list[Round]:
    """Earlier rounds of an algorithm that asks for no scores: all that it may look at is how many there were."""
    from lnl.search.history import Candidate, Round

    return [
        Round(tuple(Candidate(()) for _ in r), tuple(None for _ in r)) for r in searches.rounds(suite, search)[:round]
    ]


def score(suite: Suite, search: Search, round: int) -> None:
    """Put a round together: one page of the history.

    Scores are taken from whatever blocks there are, however candidates were divided among jobs, if they are of the
    points that were proposed; else from the store. UserError for a candidate that nobody has trained.
    """
    from lnl.run.searching.page import Page

    where = (suite.scale, search.id, search.seed, round + 1)
    page = Page(suite, search, round)
    scored: dict[tuple[int, tuple[float, ...]], dict[str, Any]] = {}
    for file in sorted(Path(paths.proposals(*where)).parent.glob("block*.json")):
        if current(suite, search, str(file)):
            scored |= {(c["candidate"], tuple(c["u"])): c for c in read(suite, search, str(file))["candidates"]}
    candidates = []
    for index, proposal in enumerate(page.proposed):
        entry = scored.get((index + 1, tuple(proposal["u"])))
        if entry is None and (stored := page.from_store([index])):
            [entry] = stored
        if entry is None:
            raise UserError(
                f"{search.id} seed {search.seed}: candidate {index + 1} of round {round + 1} is not trained; "
                f"`lnl search {search.id} --seed {search.seed} --scale {suite.scale}` trains it"
            )
        candidates.append(proposal | {k: entry[k] for k in ("score", "test", "diverged", "epochs")})
    write(suite, search, paths.scores(*where), {"round": round + 1, "candidates": candidates})


def conclude(suite: Suite, search: Search) -> None:
    """Write what was found: the best of the fully trained candidates (ties: the earliest), a fresh draw from the final
    distribution, its mode and its mean. UserError if every candidate diverged."""
    import numpy as np

    space, declared = space_of(suite, search), suite.declared_search(search)
    total = len(searches.rounds(suite, search))
    known = history(suite, search, total)
    full = [
        (score, -r, -k, found)
        for r, page in enumerate(known)
        for k, (found, score) in enumerate(zip(page.candidates, page.scores, strict=True))
        if score is not None and found.fraction == 1.0
    ]
    if not full:
        raise UserError(f"{search.id} seed {search.seed}: no fully trained candidate has a score; all of them diverged")
    score, r, k, found = max(full, key=lambda entry: entry[:3])
    best = {**space.entry(np.array(found.u)), "score": score, "round": 1 - r, "candidate": 1 - k}
    theta = algorithm_of(suite, search).distribution(known, search.seed)
    drawn = mode = mean = None
    if theta is not None:
        rng = np.random.default_rng([search.seed, total, 1])
        drawn = space.entry(theta.sample(rng, 1)[0])
        mode, mean = space.entry(theta.mode()), space.entry(theta.mean())
    content = {
        **_about(suite, search, known),
        "algorithm": declared.spec["algorithm"],
        "candidates": sum(len(page.candidates) for page in known),
        "diverged": sum(s is None for page in known for s in page.scores),
        "trainings": declared.trainings,
        "scored_on": declared.spec["scored_on"],
        "best": best,
        "draw": drawn,
        "mode": mode,
        "mean": mean,
    }
    write(suite, search, paths.best(suite.scale, search.id, search.seed), content)


def _about(suite: Suite, search: Search, known: list[Round]) -> dict[str, Any]:
    """The space of a search; or its parameter, and the score of each of its values."""
    import numpy as np

    space = space_of(suite, search)
    declared = suite.searches[search.name]
    if "values" not in declared:
        return {"space": declared["space"]}
    [page] = known
    pairs = zip(page.candidates, page.scores, strict=True)
    scores = [[space.entry(np.array(found.u))["value"], score] for found, score in pairs]
    return {"parameter": declared["parameter"], "scores": scores}
