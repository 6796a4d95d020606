"""A packed reply of 200 MB costs the reader next to nothing (case Q4)."""

import subprocess
import sys

import pytest

from tests.fakes.llm_replies import Step
from tests.fakes.llm_server import FakeLLM

pytestmark = pytest.mark.fault
PROGRAM = """
import resource, sys
from core.llm.errors import ProviderError
from core.llm.openai_client import OpenAIClient
client = OpenAIClient(sys.argv[1] + "/v1", "fake")
client.check()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    client.complete([{"role": "user", "content": "hello"}], deadline_s=120)
except ProviderError as fault:
    print(fault.kind, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_a_gzip_bomb_is_refused_in_little_memory():
    with FakeLLM(script=[Step(fault="bomb")]) as fake:
        command = [sys.executable, "-c", PROGRAM, fake.url]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    kind, megabytes = done.stdout.split()
    assert kind == "too_large"
    assert int(megabytes) < 60
