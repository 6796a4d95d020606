"""The two prompts that the shipped question writer was trained on. Changing a word here means training it again."""

from __future__ import annotations

Message = dict[str, str]


def question_messages(text: str, answer: str) -> list[Message]:
    """Asks for one question that `answer` replies to, given `text` (one or two sentences)."""
    return [
        {"role": "system", "content": "Write a question."},
        {"role": "user", "content": f"Text: {text}\nAnswer: {answer}"},
    ]


def answer_messages(text: str, question: str) -> list[Message]:
    """Asks for the words of `text` that answer `question`."""
    return [
        {"role": "system", "content": "Answer from the text."},
        {"role": "user", "content": f"Text: {text}\nQuestion: {question}"},
    ]
