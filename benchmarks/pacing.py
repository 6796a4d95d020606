"""How well requests fill a service: python -m benchmarks.pacing [--seconds 300]

Against the stand-in service of the tests, with the client and the settings of the product: one with 32 places whose
replies take a second, and one that takes 60 requests a minute. Bounds: 95 % of what each can do, of the second at most
2 % refused.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time

from core.llm.openai_client import OpenAIClient
from core.llm.settings import HelperSettings
from tests.fakes.llm_server import FakeLLM

SLOTS, REPLY_S, RPM, WARM_S = 32, 1.0, 60, 30.0


def main() -> int:
    """Prints both shares; 1 when a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    seconds = parser.parse_args().seconds
    accepted, _, most = ask(FakeLLM(slots=SLOTS, delay_s=REPLY_S), min(seconds, 120))
    whole = len(accepted) / (min(seconds, 120) * SLOTS / REPLY_S)
    later = [at for at in accepted if at > WARM_S]
    filled = len(later) / ((min(seconds, 120) - WARM_S) * SLOTS / REPLY_S)
    print(f"{SLOTS} places: {filled:.3f} of their rate after {WARM_S:.0f} s, {whole:.3f} from the first request on; "
          f"at most {most} at once")
    accepted, refused, _ = ask(FakeLLM(rpm=RPM, delay_s=0.3), seconds)
    used = len(accepted) / (RPM * seconds / 60)
    share = refused / (len(accepted) + refused)
    print(f"{RPM} a minute: {used:.3f} of the allowance in {seconds:.0f} s, {refused} of {len(accepted) + refused} "
          f"refused ({share:.3f})")
    return 0 if filled >= 0.95 and used >= 0.95 and share <= 0.02 else 1


def ask(service: FakeLLM, seconds: float) -> tuple[list[float], int, int]:
    """(moments of replies since the start, refusals, most requests at once) of so many seconds."""
    done: list[float] = []
    with service as fake:
        most = HelperSettings().concurrency
        client = OpenAIClient(fake.url + "/v1", "fake", concurrency=most)
        began = time.monotonic()

        def work() -> None:
            while time.monotonic() - began < seconds:
                try:
                    client.complete([{"role": "user", "content": "hello"}])
                except Exception:
                    return
                done.append(time.monotonic() - began)

        threads = [threading.Thread(target=work, daemon=True) for _ in range(most)]
        for thread in threads:
            thread.start()
        time.sleep(max(0.0, seconds - (time.monotonic() - began)))
        client.cancel()
        refused = len(fake.chats()) - len(done) - fake.busy
        return [at for at in done if at <= seconds], max(0, refused), fake.most_busy


if __name__ == "__main__":
    sys.exit(main())
