"""What must hold for the tree itself."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def test_the_lock_pins_every_package_with_hashes_and_names_no_index() -> None:
    for lock in ("requirements.lock", "requirements-uv.lock"):
        text = (ROOT / lock).read_text()
        assert "://" not in text
        packages = re.split(r"\n(?=\S)", text.strip())
        assert packages
        for package in packages:
            assert "==" in package
            assert "--hash=sha256:" in package


def test_no_match_data_is_in_the_tree() -> None:
    data = {".csv", ".gz", ".parquet", ".npz", ".skops", ".pkl", ".joblib", ".bin", ".sqlite"}
    assert [path for path in tracked_files() if path.suffix in data] == []


def test_every_link_between_the_documents_leads_somewhere() -> None:
    for document in [path for path in tracked_files() if path.suffix == ".md"]:
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text()):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"\bmake ([a-z][a-z-]+)", (ROOT / "README.md").read_text())):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
