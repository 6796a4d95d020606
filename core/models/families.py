"""Families of models that transformers loads by itself, as safetensors, smallest first. Sizes and licences are those of
their cards; a test compares the published number of parameters with the one that follows from the shape.

Not here, because their repositories want to run code of their own: InternLM, Phi-3, Phi-4 mini; because they see
pictures, too: Gemma 3 from 4B on.
"""

from __future__ import annotations

from typing import Any

from core.models.entry import CatalogueModel, Shape

APACHE = "https://www.apache.org/licenses/LICENSE-2.0"
_LICENCES = {
    "Apache-2.0": APACHE,
    "MIT": "https://opensource.org/license/mit",
    "Gemma Terms of Use": "https://ai.google.dev/gemma/terms",
    "Qwen Research License": "https://huggingface.co/Qwen/Qwen2.5-3B-Instruct/blob/main/LICENSE",
    "Qwen License": "https://huggingface.co/Qwen/Qwen2.5-72B-Instruct/blob/main/LICENSE",
    "Llama 3.1 Community License": "https://www.llama.com/llama3_1/license/",
    "Llama 3.2 Community License": "https://www.llama.com/llama3_2/license/",
}
_OPEN = ("Apache-2.0", "MIT")
_BESIDE_WEIGHTS = 12_000_000
QWEN = ("zh", "en", "fr", "es", "pt", "de", "it", "ru", "ja", "ko", "ar")
LLAMA = ("en", "de", "fr", "it", "pt", "es")
BOTH, ENGLISH = ("zh", "en"), ("en",)


def _model(id: str, label: str, params: int, licence: str, languages: tuple[str, ...], repo: str, shape: Shape,
           modelscope: str | None = None, stored: int = 0, **more: Any) -> CatalogueModel:
    """An entry whose weights are two bytes a parameter.

    Args:
        repo: at Hugging Face; at ModelScope, too, unless that is given.
        stored: parameters in the files, where these hold the output matrix a second time.
    """
    size = 2 * (stored or params) + _BESIDE_WEIGHTS
    return CatalogueModel(id, label, params, size, size, licence, _LICENCES[licence], languages, True, repo,
                          repo if modelscope is None else modelscope, needs_licence_ok=licence not in _OPEN,
                          shape=shape, **more)


def _qwen25(hidden: int, inner: int, layers: int, heads: int, kv_heads: int, tied: bool, vocabulary: int = 152_064
            ) -> Shape:
    return Shape(hidden, inner, layers, heads, kv_heads, hidden // heads, vocabulary, tied, qkv_bias=True)


def _qwen3(hidden: int, inner: int, layers: int, heads: int, tied: bool) -> Shape:
    return Shape(hidden, inner, layers, heads, 8, 128, 151_936, tied, qk_norms=True)


def _llama(hidden: int, inner: int, layers: int, heads: int, head: int, tied: bool) -> Shape:
    return Shape(hidden, inner, layers, heads, 8, head, 128_256, tied)


_SMOLLM = (
    _model("smollm2-360m-instruct", "SmolLM2 360M Instruct", 361_821_120, "Apache-2.0", ENGLISH,
           "HuggingFaceTB/SmolLM2-360M-Instruct", Shape(960, 2560, 32, 15, 5, 64, 49_152, True)),
    _model("smollm2-1-7b-instruct", "SmolLM2 1.7B Instruct", 1_711_376_384, "Apache-2.0", ENGLISH,
           "HuggingFaceTB/SmolLM2-1.7B-Instruct", Shape(2048, 8192, 24, 32, 32, 64, 49_152, True)),
    _model("smollm3-3b", "SmolLM3 3B", 3_075_098_624, "Apache-2.0", ("en", "fr", "es", "de", "it", "pt"),
           "HuggingFaceTB/SmolLM3-3B", Shape(2048, 11_008, 36, 16, 4, 128, 128_256, True)),
)
_QWEN3 = (
    _model("qwen3-0-6b", "Qwen3 0.6B", 596_049_920, "Apache-2.0", QWEN, "Qwen/Qwen3-0.6B",
           _qwen3(1024, 3072, 28, 16, True), stored=751_632_384),
    _model("qwen3-1-7b", "Qwen3 1.7B", 1_720_574_976, "Apache-2.0", QWEN, "Qwen/Qwen3-1.7B",
           _qwen3(2048, 6144, 28, 16, True), stored=2_031_739_904),
    _model("qwen3-4b-instruct", "Qwen3 4B Instruct 2507", 4_022_468_096, "Apache-2.0", QWEN,
           "Qwen/Qwen3-4B-Instruct-2507", _qwen3(2560, 9728, 36, 32, True)),
    _model("qwen3-8b", "Qwen3 8B", 8_190_735_360, "Apache-2.0", QWEN, "Qwen/Qwen3-8B",
           _qwen3(4096, 12_288, 36, 32, False)),
    _model("qwen3-14b", "Qwen3 14B", 14_768_307_200, "Apache-2.0", QWEN, "Qwen/Qwen3-14B",
           _qwen3(5120, 17_408, 40, 40, False)),
    _model("qwen3-32b", "Qwen3 32B", 32_762_123_264, "Apache-2.0", QWEN, "Qwen/Qwen3-32B",
           _qwen3(5120, 25_600, 64, 64, False)),
)
_QWEN25 = (
    _model("qwen2-5-0-5b-instruct", "Qwen2.5 0.5B Instruct", 494_032_768, "Apache-2.0", QWEN,
           "Qwen/Qwen2.5-0.5B-Instruct", _qwen25(896, 4864, 24, 14, 2, True, 151_936)),
    _model("qwen2-5-1-5b-instruct", "Qwen2.5 1.5B Instruct", 1_543_714_304, "Apache-2.0", QWEN,
           "Qwen/Qwen2.5-1.5B-Instruct", _qwen25(1536, 8960, 28, 12, 2, True, 151_936)),
    _model("qwen2-5-3b-instruct", "Qwen2.5 3B Instruct", 3_085_938_688, "Qwen Research License", QWEN,
           "Qwen/Qwen2.5-3B-Instruct", _qwen25(2048, 11_008, 36, 16, 2, True, 151_936)),
    _model("qwen2-5-7b-instruct", "Qwen2.5 7B Instruct", 7_615_616_512, "Apache-2.0", QWEN,
           "Qwen/Qwen2.5-7B-Instruct", _qwen25(3584, 18_944, 28, 28, 4, False)),
    _model("qwen2-5-14b-instruct", "Qwen2.5 14B Instruct", 14_770_033_664, "Apache-2.0", QWEN,
           "Qwen/Qwen2.5-14B-Instruct", _qwen25(5120, 13_824, 48, 40, 8, False)),
    _model("qwen2-5-32b-instruct", "Qwen2.5 32B Instruct", 32_763_876_352, "Apache-2.0", QWEN,
           "Qwen/Qwen2.5-32B-Instruct", _qwen25(5120, 27_648, 64, 40, 8, False)),
)
_DEEPSEEK = (
    _model("deepseek-r1-distill-qwen-1-5b", "DeepSeek R1 Distill Qwen 1.5B", 1_777_088_000, "MIT", BOTH,
           "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", _qwen25(1536, 8960, 28, 12, 2, False, 151_936)),
    _model("deepseek-r1-distill-qwen-7b", "DeepSeek R1 Distill Qwen 7B", 7_615_616_512, "MIT", BOTH,
           "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", _qwen25(3584, 18_944, 28, 28, 4, False)),
    _model("deepseek-r1-distill-llama-8b", "DeepSeek R1 Distill Llama 8B", 8_030_261_248, "MIT", BOTH,
           "deepseek-ai/DeepSeek-R1-Distill-Llama-8B", _llama(4096, 14_336, 32, 32, 128, False)),
    _model("deepseek-r1-0528-qwen3-8b", "DeepSeek R1 0528 Qwen3 8B", 8_190_735_360, "MIT", BOTH,
           "deepseek-ai/DeepSeek-R1-0528-Qwen3-8B", _qwen3(4096, 12_288, 36, 32, False)),
    _model("deepseek-r1-distill-qwen-14b", "DeepSeek R1 Distill Qwen 14B", 14_770_033_664, "MIT", BOTH,
           "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B", _qwen25(5120, 13_824, 48, 40, 8, False)),
    _model("deepseek-r1-distill-qwen-32b", "DeepSeek R1 Distill Qwen 32B", 32_763_876_352, "MIT", BOTH,
           "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", _qwen25(5120, 27_648, 64, 40, 8, False)),
)
_LLAMA3 = (
    _model("llama-3-2-1b-instruct", "Llama 3.2 1B Instruct", 1_235_814_400, "Llama 3.2 Community License", LLAMA,
           "meta-llama/Llama-3.2-1B-Instruct", _llama(2048, 8192, 16, 32, 64, True),
           "LLM-Research/Llama-3.2-1B-Instruct", gated=True),
    _model("llama-3-2-3b-instruct", "Llama 3.2 3B Instruct", 3_212_749_824, "Llama 3.2 Community License", LLAMA,
           "meta-llama/Llama-3.2-3B-Instruct", _llama(3072, 8192, 28, 24, 128, True),
           "LLM-Research/Llama-3.2-3B-Instruct", gated=True),
    _model("llama-3-1-8b-instruct", "Llama 3.1 8B Instruct", 8_030_261_248, "Llama 3.1 Community License", LLAMA,
           "meta-llama/Llama-3.1-8B-Instruct", _llama(4096, 14_336, 32, 32, 128, False),
           "LLM-Research/Meta-Llama-3.1-8B-Instruct", gated=True),
    _model("llama-3-1-70b-instruct", "Llama 3.1 70B Instruct", 70_553_706_496, "Llama 3.1 Community License", LLAMA,
           "meta-llama/Llama-3.1-70B-Instruct", _llama(8192, 28_672, 80, 64, 128, False),
           "LLM-Research/Meta-Llama-3.1-70B-Instruct", gated=True),
)
_OTHERS = (
    _model("gemma-3-1b-it", "Gemma 3 1B Instruct", 999_885_952, "Gemma Terms of Use", ENGLISH, "google/gemma-3-1b-it",
           Shape(1152, 6912, 26, 4, 1, 256, 262_144, True, 4, True), "LLM-Research/gemma-3-1b-it", gated=True),
    _model("mistral-7b-instruct", "Mistral 7B Instruct v0.3", 7_248_023_552, "Apache-2.0", ENGLISH,
           "mistralai/Mistral-7B-Instruct-v0.3", Shape(4096, 14_336, 32, 32, 8, 128, 32_768, False),
           "LLM-Research/Mistral-7B-Instruct-v0.3", gated=True),
    _model("glm-4-9b", "GLM-4 9B 0414", 9_400_279_040, "MIT", BOTH, "zai-org/GLM-4-9B-0414",
           Shape(4096, 13_696, 40, 32, 2, 128, 151_552, False, 4, qkv_bias=True), "ZhipuAI/GLM-4-9B-0414"),
    _model("mistral-nemo-instruct", "Mistral Nemo 12B Instruct 2407", 12_247_782_400, "Apache-2.0",
           ("en", "fr", "de", "es", "it", "pt", "ru", "zh", "ja"), "mistralai/Mistral-Nemo-Instruct-2407",
           Shape(5120, 14_336, 40, 32, 8, 128, 131_072, False), "LLM-Research/Mistral-Nemo-Instruct-2407",
           gated=True),
    _model("phi-4", "Phi-4 14B", 14_659_507_200, "MIT", ENGLISH, "microsoft/phi-4",
           Shape(5120, 17_920, 40, 40, 10, 128, 100_352, False), "LLM-Research/phi-4"),
)
FAMILIES = (*_SMOLLM, *_QWEN3, *_QWEN25, *_DEEPSEEK, *_LLAMA3, *_OTHERS)
