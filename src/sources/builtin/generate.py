#!/usr/bin/env python3
"""Writes the built-in catalogs: one tab-separated file a provider, beside this script.

    generate.py MODELS.json ALIASES.json [--as-of YYYY-MM-DD] [-o DIR]

MODELS.json is a list of merged rows {provider, id, mode, state, retires, conf, sources}; ALIASES.json a list of
[provider, floating id, snapshot or null, how it is known]. Standard library only; equal inputs give equal files.
"""

import argparse
import collections
import json
import pathlib
import re

# Providers of the merged rows -> our file. Both kinds of Azure are deployments of the same service.
FILES = {
    "openai": "openai", "azure": "azure", "azure_ai": "azure", "anthropic": "anthropic", "gemini": "gemini",
    "vertex": "vertexai", "bedrock": "bedrock", "mistral": "mistral", "deepseek": "deepseek", "xai": "xai",
    "cohere": "cohere", "groq": "groq", "openrouter": "openrouter", "togetherai": "togetherai",
    "fireworks": "fireworks", "cerebras": "cerebras", "deepinfra": "deepinfra", "baseten": "baseten",
    "huggingface": "huggingface", "ollama": "ollama",
}

# Rows of the sources that are no id of the provider: billing rows, sizes, steps, regions, names of other hosts.
NO_ID = [
    ("azure", r"container|gpt-3\.5-.*|doc-intelligence/.*|global/.*|model_router|ada"),
    ("fireworks", r"fireworks-ai-.*|.*-(above|up-to)-.*"),
    ("togetherai", r"together-ai-.*"),
    ("bedrock", r".*@.*|.*/.*|claude_platform.*"),
    ("openai", r"container|ft:.*|.*/.*"),
    ("vertexai", r"anthropic|xai|maas|search_api"),
    ("*", r".*[*\s].*|.*%2F.*|\d+-x-\d+/.*"),
]

MODES = {
    "image_generation": "image", "image_edit": "image", "audio_transcription": "transcription",
    "audio_speech": "speech", "video_generation": "video", "decisions": "other", "evaluation": "other",
    "vector_store": "other",
}

# Sources that list what is on offer now. Price patterns and old copies do not.
CURRENT = {"litellm", "models.dev", "langchain", "ai-sdk", "openai-sdk", "anthropic-sdk", "model-prices"}

# Successors that the vendors name and no rule finds.
SUCCESSORS = {("vertexai", "claude-3-5-sonnet@20241022"): "claude-3-5-sonnet-v2@20241022"}

# A preview, experiment or dated preview of a model that is there under its own name.
PREVIEW = re.compile(r"^(.+?)-(?:preview|exp|experimental)(?:-(?:\d{2}-\d{2}|\d{2}-\d{4}|\d{4}|\d{4}-\d{2}-\d{2}))?$")

HEADER = """\
# Model ids of {provider}.
# as-of: {as_of}
# sources: {sources}
# licence: facts gathered from works under MIT and Apache-2.0; see NOTICE
# made by generate.py; columns: id, mode, state, retires, resolves to, successor, confidence; "-" is not known
"""


def dropped(file, name):
    """Whether `name` is no id."""
    return any(where in ("*", file) and re.fullmatch(pattern, name) for where, pattern in NO_ID)


def state_of(row):
    """The state without what the date says already."""
    state, sources = row["state"], set(row["sources"])
    if state == "retiring":
        return "active"
    if state == "active" and not row.get("retires") and not sources & CURRENT and row["conf"] != "high":
        return "historical" if any(re.search(r"-20\d\d-|-history|tokencost", source) for source in sources) else state
    return state


def merge(rows):
    """The best-attested row of each id, by file."""
    rank = {"high": 2, "medium": 1, "low": 0}
    best = collections.defaultdict(dict)
    for row in rows:
        file = FILES.get(row["provider"])
        if file is None or dropped(file, row["id"]):
            continue
        old = best[file].get(row["id"])
        if old is None or rank[row["conf"]] > rank[old["conf"]]:
            best[file][row["id"]] = row
    return best


def successor_of(file, name, states, sure):
    """The model that took over from `name`; `states` maps every id to its state, `sure` are the well-attested ids."""
    if (file, name) in SUCCESSORS:
        return SUCCESSORS[file, name]
    found = PREVIEW.match(name)
    if found and states[name] != "active" and states.get(found.group(1)) == "active" and found.group(1) in sure:
        return found.group(1)
    return "-"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("aliases", type=pathlib.Path)
    parser.add_argument("--as-of", default="2026-11-23")
    parser.add_argument("-o", "--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    args = parser.parse_args()

    best = merge(json.loads(args.models.read_text()))
    points = {(FILES.get(p), a): to for p, a, to, _ in json.loads(args.aliases.read_text()) if to}
    for file, rows in sorted(best.items()):
        states = {name: state_of(row) for name, row in rows.items()}
        now = {
            name: "retired" if row.get("retires", "9999") <= args.as_of else states[name] for name, row in rows.items()
        }
        sure = {name for name, row in rows.items() if row["conf"] == "high"}
        lines = []
        for name, row in sorted(rows.items(), key=lambda item: item[0].encode()):
            to = points.get((file, name), "-")
            if to not in rows or (now[to] == "retired" and now[name] == "active"):
                to = "-"  # a live pointer to a dead snapshot is an error of the sources
            mode = MODES.get(row.get("mode"), row.get("mode") or "-")
            lines.append("\t".join([
                name, mode, states[name], row.get("retires", "-"), to, successor_of(file, name, now, sure), row["conf"],
            ]))
        sources = sorted({source for row in rows.values() for source in row["sources"]})
        header = HEADER.format(provider=file, as_of=args.as_of, sources=", ".join(sources))
        (args.out / f"{file}.tsv").write_text(header + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
