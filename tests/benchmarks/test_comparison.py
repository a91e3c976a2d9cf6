"""Two runs beside each other, through the command line: what got slower is told, and when it counts."""

from benchmarks import run
from benchmarks.comparison import changes
from benchmarks.rows import Results, Row, write_results


def results(**seconds):
    rows = [
        Row(
            "mmd",
            8,
            8,
            2,
            name.replace("_jax", " jax").replace("igm jax", "igm_jax"),
            "ok",
            seconds=value,
            floor_seconds=1.0,
        )
        for name, value in seconds.items()
    ]
    return Results(rows, {}, {}, {})


def compared(tmp_path, old, new, *words):
    for name, content in (("old.json", old), ("new.json", new)):
        write_results(tmp_path / name, content)
    return run.main(["--compare", str(tmp_path / "old.json"), "--against", str(tmp_path / "new.json"), *words])


def test_what_got_slower_is_printed_and_ends_with_status_1(tmp_path, capsys):
    assert compared(tmp_path, results(igm_jax=1.0, plain_jax=1.0), results(igm_jax=1.5, plain_jax=1.0)) == 1
    printed = capsys.readouterr().out
    assert "slower: mmd n=8 d=2 igm_jax" in printed
    assert "1.50 times" in printed
    assert "plain jax" not in printed


def test_noise_and_slower_peers_are_no_failure(tmp_path, capsys):
    assert compared(tmp_path, results(igm_jax=1.0), results(igm_jax=1.2)) == 0
    assert compared(tmp_path, results(igm_jax=1.0), results(igm_jax=1.2), "--threshold", "1.1") == 1
    assert compared(tmp_path, results(igm_jax=1.0, plain_jax=1.0), results(igm_jax=1.0, plain_jax=9.0)) == 0
    assert "plain jax" in capsys.readouterr().out


def test_a_slower_machine_is_no_failure(tmp_path):
    slow = results(igm_jax=2.0)
    slow = slow._replace(rows=[row._replace(floor_seconds=2.0) for row in slow.rows])
    assert compared(tmp_path, results(igm_jax=1.0), slow) == 0


def test_runs_with_nothing_in_common_cannot_be_compared(tmp_path, capsys):
    assert compared(tmp_path, results(igm_jax=1.0), results(plain_jax=1.0)) == 1
    assert "in common" in capsys.readouterr().out


def test_what_fails_now_counts_as_lost(tmp_path, capsys):
    broken = results(igm_jax=1.0, plain_jax=1.0)
    broken.rows[0] = broken.rows[0]._replace(status="failed", reason="killed", seconds=None)
    assert compared(tmp_path, results(igm_jax=1.0, plain_jax=1.0), broken) == 1
    assert "lost: mmd n=8 d=2: failed, killed" in capsys.readouterr().out


def test_changes_are_ratios_the_worst_first():
    old = results(igm_jax=1.0, plain_jax=2.0)
    new = results(igm_jax=1.5, plain_jax=5.0)
    new = new._replace(rows=[row._replace(floor_seconds=2.0) for row in new.rows])
    found = changes(old, new)
    assert [change.ratio for change in found] == [2.5, 1.5]
    assert [change.against_floor for change in found] == [1.25, 0.75]
    assert [change.slower(1.2) for change in found] == [True, False]
