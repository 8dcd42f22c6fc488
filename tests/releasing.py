"""Make a home for tests of discovery: a registry that knows two organisations and no model, and an empty lake."""

import shutil
from pathlib import Path

from standings.paths import folder
from tasks.settings import Settings

ORGANISATIONS = """
- {id: acme, name: Acme, countries: [FR], namespaces: [acme], source: https://acme.example}
- {id: zeta, name: Zeta, countries: [CN], namespaces: [zeta], source: https://zeta.example}
"""


def home(root: Path) -> Settings:
    """Write the registry and return settings; policies are at their defaults."""
    registry = root / "registry"
    (registry / "models").mkdir(parents=True)
    (registry / "organisations.yaml").write_text(ORGANISATIONS)
    for name in ("licences.yaml", "sources.yaml"):
        shutil.copy(folder("registry") / name, registry)
    return Settings(home=root / "home", registry=registry)
