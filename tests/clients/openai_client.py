"""The openai package as a client of `aliasgate local examples/seed`: plain, stream, unknown model, wrong key.

BASE_URL is the proxy with the path of the API, e.g. http://localhost:8080/v1. API_KEY is the key that the stand-in
provider takes (`--stand-in-key`); without it the stand-in takes any key, and the wrong key is not tried.
"""

import os

import openai

BASE_URL = os.environ["BASE_URL"]
API_KEY = os.environ.get("API_KEY", "")
ASKED = [{"role": "user", "content": "hi"}]
FAST = "gpt-3.5-turbo-0125"
SMART = "gpt-4-turbo-2024-04-09"


def client(key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=BASE_URL, api_key=key, max_retries=0, timeout=20)


def show(name: str, what: object) -> None:
    print(f"{name}: {what}", flush=True)


def plain(ours: openai.OpenAI) -> None:
    answer = ours.chat.completions.create(model="fast", messages=ASKED)
    assert answer.model == FAST, answer
    assert answer.choices[0].message.content, answer
    show("plain", answer.model)


def stream(ours: openai.OpenAI) -> None:
    options = {"include_usage": True}
    chunks = list(ours.chat.completions.create(model="smart", messages=ASKED, stream=True, stream_options=options))
    assert len(chunks) > 2 and all(chunk.model == SMART for chunk in chunks), chunks
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text.startswith("Hello"), text
    assert chunks[-1].usage.total_tokens > 0, chunks[-1]
    show("stream", f"{SMART} in {len(chunks)} chunks")


def odd(ours: openai.OpenAI) -> None:
    """Fields that no schema knows go through."""
    extra = {"x-unknown": {"model": "fast", "n": 12345678901234567890}}
    answer = ours.chat.completions.create(model="fast", messages=ASKED, extra_body=extra)
    assert answer.model == FAST, answer
    show("extra fields", answer.model)


def unknown(ours: openai.OpenAI) -> None:
    try:
        ours.chat.completions.create(model="gpt-44-turbo", messages=ASKED)
    except openai.NotFoundError as error:
        assert error.code == "model_not_found" and "gpt-44-turbo" in error.message, error
        show("unknown model", error.message)
    else:
        raise AssertionError("an unknown model was answered")


def no_route(ours: openai.OpenAI) -> None:
    try:
        ours.embeddings.create(model="fast", input="hi")
    except openai.NotFoundError as error:
        assert error.code == "route_not_found", error
        show("no route", error.message)
    else:
        raise AssertionError("a path without a route was answered")


def wrong_key() -> None:
    try:
        client("sk-wrong").chat.completions.create(model="fast", messages=ASKED)
    except openai.AuthenticationError as error:
        assert error.code == "invalid_api_key", error
        show("wrong key", error.message)
    else:
        raise AssertionError("a wrong key was let in")


def main() -> None:
    ours = client(API_KEY or "sk-any")
    for part in (plain, stream, odd, unknown, no_route):
        part(ours)
    if API_KEY:
        wrong_key()


if __name__ == "__main__":
    main()
