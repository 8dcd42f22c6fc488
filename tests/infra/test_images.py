"""The images' recipe, as its own linter reads it. No image is built here: there is no Docker engine."""

import subprocess
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "infra" / "images" / "Dockerfile"


def test_the_recipe_of_the_images_has_no_fault_that_hadolint_knows() -> None:
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    done = subprocess.run([hadolint, "--no-color", RECIPE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_whatever_an_image_copies_is_there_and_is_let_into_the_build() -> None:
    copied = {
        word
        for line in RECIPE.read_text().splitlines()
        if line.startswith("COPY ") and "--from=" not in line
        for word in line.split()[1:-1]
    }
    ignored = RECIPE.with_name("Dockerfile.dockerignore").read_text().splitlines()
    assert {name for name in copied if not (ROOT / name).exists()} == set()
    assert copied == {line[1:] for line in ignored if line.startswith("!")}
