"""pip's configuration said again for uv."""

from __future__ import annotations

from pathlib import Path

from hotline.setup import package_sources
from hotline.setup.package_sources import PackageSources


def test_variables_override_files_and_install_overrides_global(tmp_path: Path) -> None:
    sources = package_sources.parse(
        "\n".join(
            [
                ":env:.index-url='https://variable.example/simple'",
                "global.index-url='https://global.example/simple'",
                "install.index-url='https://install.example/simple'",
                "global.extra-index-url='https://one.example/simple\\nhttps://two.example/simple'",
                "install.trusted-host='one.example'",
                "global.cert='/etc/ssl/ca.pem'",
                "global.timeout='60.0'",
                "download.index-url='https://not-for-install.example'",
            ]
        )
    )
    assert sources.index_url == "https://variable.example/simple"
    assert sources.extra_index_urls == ("https://one.example/simple", "https://two.example/simple")
    assert sources.trusted_hosts == ("one.example",)
    assert sources.for_uv({}) == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "https://variable.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_INSECURE_HOST": "one.example",
        "UV_HTTP_TIMEOUT": "60",
        "SSL_CERT_FILE": "/etc/ssl/ca.pem",
    }


def test_local_folders_that_do_not_exist_are_left_out(tmp_path: Path) -> None:
    there = tmp_path / "a folder"
    there.mkdir()
    address = there.as_uri()
    sources = package_sources.parse(
        f"global.extra-index-url='file:///nowhere/simple {address}'\n"
        f"global.find-links='/nowhere/wheels {tmp_path}'\n"
        "global.index-url='file:///nowhere'"
    )
    assert sources.extra_index_urls == (address,)
    assert sources.find_links == (str(tmp_path),)
    assert sources.index_url == ""


def test_what_the_user_says_to_uv_itself_stands() -> None:
    sources = PackageSources(index_url="https://pip.example", extra_index_urls=("https://extra.example",))
    translated = sources.for_uv({"UV_INDEX_URL": "https://uv.example", "UV_INDEX": "https://more.example"})
    assert "UV_DEFAULT_INDEX" not in translated
    assert "UV_INDEX" not in translated


def test_a_wheel_in_a_configured_folder_is_seen(tmp_path: Path) -> None:
    (tmp_path / "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl").touch()
    sources = PackageSources(find_links=("https://links.example/torch.html", tmp_path.as_uri()))
    assert sources.has_local_wheel("torch", "2.13.0+cpu", "cp311")
    assert not sources.has_local_wheel("torch", "2.13.0+cpu", "cp310")
    assert not sources.has_local_wheel("torch", "2.12.0+cpu", "cp311")


def test_without_a_pip_the_variables_alone_speak(tmp_path: Path) -> None:
    no_pip = tmp_path / "python"
    no_pip.write_text("#!/bin/sh\nexit 1\n")
    no_pip.chmod(0o755)
    sources = package_sources.read(no_pip, {"PIP_FIND_LINKS": str(tmp_path), "PIP_INDEX_URL": "https://i.example"})
    assert sources.find_links == (str(tmp_path),)
    assert sources.index_url == "https://i.example"
