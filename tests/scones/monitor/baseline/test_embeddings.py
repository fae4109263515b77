"""Embeddings: kept beside the baseline, and told apart where they differ."""

import json
from pathlib import Path

import numpy as np
import pytest

from scones.errors import DataError
from scones.monitor.baseline import Statistics, find_drift, read_baseline, suggest, write_baseline
from scones.monitor.baseline.embeddings import Embeddings, read_embeddings
from scones.monitor.baseline.separation import LEAST_VECTORS, separation
from scones.monitor.baseline.statistics import Gathering
from scones.monitor.baseline.store import Store, compare

STATISTICS = Statistics.of({"confidence": 0.9 + n / 1000} for n in range(100))


def vectors(seed: int, count: int, shift: float = 0.0, share: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(count, 16))
    found[: round(share * count), :4] += shift
    return found.astype(np.float32)


def test_the_same_distribution_is_rarely_told_apart() -> None:
    values = [separation(vectors(n, 80), vectors(100 + n, 40)) for n in range(20)]
    p_values = [p for _, p in (value or (0.0, 0.0) for value in values)]
    assert sum(p < 0.05 for p in p_values) <= 4
    assert max(p_values) > 0.5


def test_what_has_moved_is_told_apart_and_more_so_the_more_it_has() -> None:
    usual = vectors(1, 200)
    found = [separation(usual, vectors(2, 100, 2.5, share)) or (0, 0) for share in (0.3, 1.0)]
    assert [p < 0.01 for _, p in found] == [True, True]
    assert 0.05 < found[0][0] < found[1][0] <= 1


def test_a_feature_that_never_changes_and_few_vectors_do_no_harm() -> None:
    usual = np.column_stack([vectors(1, 50), np.ones(50, dtype=np.float32)])
    assert separation(usual, usual[:30]) is not None
    assert separation(usual, usual[: LEAST_VECTORS - 1]) is None


def test_embeddings_are_one_more_feature_of_the_drift_tests() -> None:
    pair = (vectors(1, 150), vectors(2, 150, 2.0))
    found = {item.name: item for item in find_drift(STATISTICS, STATISTICS, embeddings=pair)}
    assert set(found) == {"confidence", "embedding"}
    assert (found["embedding"].drifted, found["confidence"].drifted) == (True, False)
    assert found["embedding"].test == "domain classifier"
    assert found["embedding"].adjusted == found["embedding"].p_value


def test_they_are_kept_beside_the_baseline_and_removed_with_it(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    embedded = Embeddings("model-1", "s3://b/model.tar.gz", vectors(1, 30))
    files = write_baseline(store, STATISTICS, suggest(STATISTICS), embedded)
    assert [Path(name).name for name in files][2:] == ["embeddings.json"]
    baseline = read_baseline(store)
    assert baseline is not None
    assert baseline.embeddings is not None
    assert baseline.embeddings.model_uri == "s3://b/model.tar.gz"
    assert np.allclose(baseline.embeddings.vectors, embedded.vectors, rtol=1e-4, atol=1e-6)

    moved = Embeddings("model-1", "s3://b/model.tar.gz", vectors(2, 30, 3.0))
    assert [item.name for item in compare(baseline, STATISTICS, moved).drifted] == ["embedding"]
    assert [item.name for item in compare(baseline, STATISTICS).drift] == ["confidence"]

    write_baseline(store, STATISTICS, suggest(STATISTICS))
    again = read_baseline(store)
    assert again is not None
    assert again.embeddings is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no", "Expecting value"),
        ("{}", "no model"),
        ('{"model": {"name": "a", "data_uri": "b"}, "embeddings": [[1, 2], [3]]}', "inhomogeneous"),
        ('{"model": {"name": "a", "data_uri": "b"}, "embeddings": []}', "equally many"),
    ],
)
def test_another_file_is_refused(text: str, reason: str) -> None:
    with pytest.raises(DataError, match=f"x is not an embeddings.json: .*{reason}"):
        read_embeddings(text, "x")


def test_statistics_can_be_asked_for_while_records_come_in() -> None:
    gathering = Gathering()
    rows = [{"mixed": value} for value in (1, "a", 2, "b", 1)]
    for row in rows:
        gathering.add(row)
        gathering.finish()
    assert json.dumps(gathering.finish().as_json()) == json.dumps(Statistics.of(rows).as_json())
