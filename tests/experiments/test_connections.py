"""The command of identities: its table, rows, map and page."""

from experiments.connections import main
from igm_jax.reporting import read_jsonl


def test_the_command_writes_table_rows_map_and_page(tmp_path, capsys):
    page = tmp_path / "docs" / "page.md"
    assert main(["--only", "Cramér", "Jeffrey", "--output", str(tmp_path / "out"), "--page", str(page)]) == 0
    rows = read_jsonl(tmp_path / "out" / "connections.jsonl")
    assert [(row["target"], row["holds"]) for row in rows] == [("Cramér", True), ("Jeffrey", True)]
    assert {"commit", "versions", "device", "config"} <= set(rows[0])
    assert "](page.png)" in page.read_text()
    assert page.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert main(["--only", "Cramer"]) == 2
    assert "Cramér" in capsys.readouterr().err
