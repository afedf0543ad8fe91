"""Write the golden matrix anew and say who gained and who lost: `make matrix`."""

from __future__ import annotations

from tests.matrix.golden import GOLDEN, renew

for line in renew() or ["nothing changed"]:
    print(line)
print(f"written: {GOLDEN}; read its diff before you commit it")
