"""Where packages come from: pip's own configuration, said again for uv, which does not read it. Standard library only.

pip's sources in falling precedence: `PIP_…` variables, then its configuration files; `pip config list` prints both.
A variable of uv that the user has set is left as it is.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

# A later section overrides an earlier one, as in pip itself.
_SECTIONS = ("global", "install", ":env:")
_LISTS = frozenset({"extra-index-url", "find-links", "trusted-host"})


class PackageSources(NamedTuple):
    """pip's effective configuration, as far as it says where and how packages are fetched."""

    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    certificate: str = ""
    trusted_hosts: tuple[str, ...] = ()
    timeout_seconds: str = ""
    no_index: bool = False

    def for_uv(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The variables that make uv look where pip looks; credentials stay off the command line."""
        wanted = {
            # pip takes the best version of all indexes; uv would stop at the first index that knows the name.
            "UV_INDEX_STRATEGY": "unsafe-best-match",
            "UV_DEFAULT_INDEX": self.index_url,
            "UV_INDEX": " ".join(self.extra_index_urls),
            "UV_FIND_LINKS": ",".join(self.find_links),
            "UV_INSECURE_HOST": " ".join(self.trusted_hosts),
            "UV_HTTP_TIMEOUT": self.timeout_seconds,
            "UV_NO_INDEX": "1" if self.no_index else "",
            "SSL_CERT_FILE": self.certificate,
        }
        older_names = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL"}
        return {
            name: value
            for name, value in wanted.items()
            if value and not environment.get(name) and not environment.get(older_names.get(name, name))
        }

    def has_local_wheel(self, distribution: str, version: str, python_tag: str) -> bool:
        """Whether a folder of find-links holds a wheel of exactly this version for this Python."""
        return any(
            any(folder.glob(f"{distribution}-{version}-{python_tag}-*.whl"))
            for folder in map(_local_path, self.find_links)
            if folder is not None and folder.is_dir()
        )


def parse(pip_config_list: str) -> PackageSources:
    """Read the output of `pip config list`; addresses of local folders that do not exist are left out."""
    values: dict[str, str] = {}
    for section in _SECTIONS:
        for line in pip_config_list.splitlines():
            key, equals, shown = line.partition("=")
            name = key.strip()[len(section) + 1 :].lower().replace("_", "-")
            if not equals or not key.strip().startswith(section + "."):
                continue
            try:
                values[name] = str(ast.literal_eval(shown.strip()))
            except (ValueError, SyntaxError):
                values[name] = shown.strip()
    lists = {name: tuple(part for part in values.get(name, "").split() if _exists(part)) for name in _LISTS}
    index_url = values.get("index-url", "").strip()
    return PackageSources(
        index_url=index_url if _exists(index_url) else "",
        extra_index_urls=lists["extra-index-url"],
        find_links=lists["find-links"],
        certificate=values.get("cert", ""),
        trusted_hosts=lists["trusted-host"],
        timeout_seconds=re.sub(r"\..*", "", values.get("timeout", values.get("default-timeout", ""))),
        no_index=values.get("no-index", "").lower() in ("1", "true", "yes", "on"),
    )


def read(python: Path, environment: Mapping[str, str]) -> PackageSources:
    """The configuration that this interpreter's pip would use; without a pip, what the variables alone say."""
    answer = subprocess.run(
        [str(python), "-m", "pip", "config", "list"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(environment),
        check=False,
    )
    if answer.returncode == 0:
        return parse(answer.stdout.decode("utf-8", "replace"))
    lines = [f":env:.{name[4:].lower()}={value!r}" for name, value in environment.items() if name.startswith("PIP_")]
    return parse("\n".join(lines))


def _local_path(address: str) -> Path | None:
    """The local path of a find-links entry or a `file:` address; None for a remote one."""
    if address.startswith("file:"):
        return Path(unquote(urlsplit(address).path))
    return None if "://" in address else Path(os.path.expanduser(address))


def _exists(address: str) -> bool:
    if address.startswith(("file:", "/", ".", "~")):
        path = _local_path(address)
        return path is not None and path.exists()
    return bool(address)
