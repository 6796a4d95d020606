"""Measures what the product is for: does a small model know a document after tuning, without seeing it?

    python -m benchmarks.effect DOCUMENT QUESTIONS.json [--general] [--keep FOLDER] [--starter FOLDER] [--model ID]

Unattended, from the file to the score, through the product's own functions and nothing but the built-in helper:
convert → pairs → dataset → training run → model server. QUESTIONS.json is a list of
{"question": …, "must_contain": [words, …]}; none of the questions is in the dataset (checked). Answers are greedy and
closed-book, whole words and numbers count. Everything happens in a fresh workspace. `--direct` does the same in one
process without jobs and servers.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.scoring import right

GENERAL = Path(__file__).parent / "effect_data" / "general.json"
LONGEST_STAGE_S = 3600.0
LONGEST_ANSWER_TOKENS = 64


class Clock:
    """Minutes per stage."""

    def __init__(self) -> None:
        self.minutes: dict[str, float] = {}
        self.last = time.monotonic()

    def stage(self, name: str) -> None:
        """Ends a stage that began where the one before it ended."""
        now = time.monotonic()
        self.minutes[name] = round((now - self.last) / 60, 2)
        self.last = now
        print(f"{name}: {self.minutes[name]} min", flush=True)


def finished(ws: Any, job_id: str) -> Any:
    """The job's view once it is done. Ends the program when it failed."""
    from core import jobs

    found = jobs.wait(ws, job_id, LONGEST_STAGE_S)
    if found.state is not jobs.JobState.DONE:
        raise SystemExit(f"{found.kind} ended as {found.state}: {found.error}\n{jobs.log_tail(ws, job_id, 40)}")
    return found


def model_in(ws: Any, id: str, given: Path | None = None) -> None:
    """Sees to it that a model is in the workspace: linked from `given`, or brought in as by a person's first launch."""
    from core import models

    if models.installed(ws, id):
        return
    if given:
        target = ws.model(id).dir
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(given.resolve(), target_is_directory=True)
    else:
        finished(ws, models.start_download(ws, id, accept_licence=True).id)


def answers(ws: Any, model: str, name: str, questions: list[dict[str, Any]]) -> list[str]:
    """Greedy answers of a served model (or adapter), without any document in the prompt."""
    import httpx

    from core import serving

    adapters = [] if name == model else [name]
    endpoint = serving.ensure(ws, model, adapters)
    found = []
    with httpx.Client(trust_env=False, timeout=300, headers={"Authorization": f"Bearer {endpoint.api_key}"}) as http:
        for question in questions:
            body = {
                "model": name,
                "temperature": 0,
                "max_tokens": LONGEST_ANSWER_TOKENS,
                "messages": [{"role": "user", "content": question["question"]}],
            }
            reply = http.post(f"{endpoint.base_url.rstrip('/').removesuffix('/v1')}/v1/chat/completions", json=body)
            reply.raise_for_status()
            found.append(reply.json()["choices"][0]["message"]["content"])
    return found


def tune(ws: Any, document: Path, model: str, clock: Clock) -> tuple[str, dict[str, Any]]:
    """From the file to a finished run; returns its id and what was made."""
    from core import documents, qa, training

    imported = documents.import_files(ws, [(document, document.name)])[0]
    if imported.document_id is None:
        raise SystemExit(f"not imported: {imported.error}")
    finished(ws, documents.start_convert(ws, [imported.document_id], documents.ConvertSettings()).id)
    clock.stage("convert")
    finished(ws, qa.start_build(ws, qa.BuildSettings()).id)
    pairs = qa.all_accepted(ws)
    clock.stage("pairs")
    dataset = qa.make_dataset(ws, document.stem)
    run = training.start_run(ws, training.TrainSettings(dataset=dataset.id, model=model))
    finished(ws, run.id)
    clock.stage("training")
    made = {
        "pairs": len(pairs),
        "facts": len({p.fact_key for p in pairs}),
        "questions": {p.question.strip().lower() for p in pairs},
    }
    return run.id, made


def score(title: str, questions: list[dict[str, Any]], given: list[str], show_misses: bool) -> int:
    """Prints and returns the hits."""
    hits = [right(answer, q["must_contain"]) for q, answer in zip(questions, given, strict=True)]
    print(f"{title}: {sum(hits)} of {len(hits)}")
    for hit, question, answer in zip(hits, questions, given, strict=True):
        if show_misses and not hit:
            print(f"  missed: {question['question']} {question['must_contain']} -> {' '.join(answer.split())[:150]}")
    return sum(hits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("document", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--general", action="store_true", help="also ask general questions before and after")
    parser.add_argument("--starter", type=Path, help="a converted starter model folder to use")
    parser.add_argument("--model", default="", help="catalogue id of the model to tune (default: the starter model); "
                                                    "its licence is taken as accepted")
    parser.add_argument("--keep", type=Path, help="workspace to work in and keep (default: a temporary one)")
    parser.add_argument("--direct", action="store_true", help="one process, Markdown only, needs --starter")
    given = parser.parse_args()
    questions = json.loads(given.questions.read_text(encoding="utf-8"))
    if given.direct:
        from benchmarks.effect_direct import main_direct

        main_direct(given.document, questions, given.starter)
        return
    root = given.keep or Path(tempfile.mkdtemp(prefix="doctune-effect-"))
    try:
        product(root, given, questions)
    finally:
        if not given.keep:
            shutil.rmtree(root, ignore_errors=True)


def product(root: Path, given: argparse.Namespace, questions: list[dict[str, Any]]) -> None:
    """The whole path in the workspace `root`, and the figures."""
    from core import serving
    from core.models import STARTER_ID
    from core.storage import Workspace

    root.mkdir(parents=True, exist_ok=True)
    ws, clock = Workspace(root), Clock()
    model = given.model or STARTER_ID
    model_in(ws, STARTER_ID, given.starter)
    model_in(ws, model)
    clock.stage("models")
    try:
        run_id, made = tune(ws, given.document, model, clock)
        seen = [q["question"] for q in questions if q["question"].strip().lower() in made.pop("questions", ())]
        before = answers(ws, model, model, questions)
        after = answers(ws, model, run_id, questions)
        clock.stage("compare")
        print(json.dumps({"rows": made, "minutes": clock.minutes, "total": round(sum(clock.minutes.values()), 1)}))
        if seen:
            print("questions that are also in the dataset, which must not be:", seen)
        score("document, base", questions, before, False)
        score("document, tuned", questions, after, True)
        if given.general:
            general = json.loads(GENERAL.read_text(encoding="utf-8"))
            score("general, base", general, answers(ws, model, model, general), False)
            score("general, tuned", general, answers(ws, model, run_id, general), True)
    finally:
        serving.stop(ws)


if __name__ == "__main__":
    main()
